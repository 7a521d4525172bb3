"""What a run was made with: versions, threads, BLAS, and the kind of machine."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from typing import Any

import numpy as np

from experiments.results import machine
from experiments.speed.formatting import counted
from experiments.speed.peers import core_count
from experiments.speed.processes import THREAD_VARIABLES
from experiments.speed.subjects import SUBJECTS
from experiments.work import fingerprint

__all__ = ["describe", "environment_of_this_run"]

# The first two are set by scikit-learn when it is imported; the third is a place on the disk.
WITHOUT_EFFECT = ("KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "TENSORGRAD_CACHE_DIR")
CODE = ("tensorgrad", "nn", "experiments/speed", "experiments/tasks.py", "experiments/datasets.py")


def environment_of_this_run() -> dict[str, Any]:
    """Everything that decides the times, apart from what else runs; ready for JSON.

    Neither the machine's name nor a path is in it.
    """
    return {
        "machine": machine(),
        "threads": core_count(),
        "python": platform.python_version(),
        "versions": _versions(),
        "blas": _blas(),
        "thread_and_blas_settings": _settings(),
        "not_available": [name for name, subject in SUBJECTS.items() if not subject.available()],
        "code": fingerprint({}, CODE),
    }


def describe(environment: dict[str, Any]) -> list[str]:
    r"""The same in sentences.

    Examples
    --------
    >>> machine = {"system": "Linux x86_64", "processor": "A Processor", "cores": 2}
    >>> lines = describe(
    ...     {
    ...         "machine": machine,
    ...         "threads": 2,
    ...         "python": "3.13.0",
    ...         "versions": {"numpy": "2.3.0"},
    ...         "blas": "OpenBLAS 0.3",
    ...         "thread_and_blas_settings": {},
    ...         "not_available": ["jax"],
    ...     }
    ... )
    >>> print(*lines, sep="\n")
    A Processor, 2 cores, Linux x86_64; 2 threads for everyone.
    Python 3.13.0, numpy 2.3.0; NumPy's BLAS is OpenBLAS 0.3.
    Not available there, and so not measured: JAX jit.
    """
    threads = environment["threads"]
    kind, settings = environment["machine"], environment["thread_and_blas_settings"]
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    processor = f"{kind['processor']}, {counted(kind['cores'], 'core')}, {kind['system']}"
    lines = [
        f"{processor}; {counted(threads, 'thread')} for everyone.",
        f"Python {environment['python']}, {versions}; NumPy's BLAS is {environment['blas']}.",
    ]
    if settings:
        listed = ", ".join(f"{name}={value}" for name, value in settings.items())
        lines.append(f"Set in the environment, and so for everyone: {listed}.")
    missing = environment["not_available"]
    if missing:
        titles = ", ".join(SUBJECTS[name].title for name in missing)
        lines.append(f"Not available there, and so not measured: {titles}.")
    return lines


def _versions() -> dict[str, str]:
    modules = {module for subject in SUBJECTS.values() for module in subject.requires}
    providers = importlib.metadata.packages_distributions()
    names = {
        name
        for module in modules
        if importlib.util.find_spec(module) is not None
        for name in providers.get(module, ())
    }
    return {name: importlib.metadata.version(name) for name in sorted(names, key=str.lower)}


def _blas() -> str:
    """The library that NumPy multiplies matrices with, and for what processor it chose kernels."""
    if importlib.util.find_spec("threadpoolctl") is not None:
        import threadpoolctl

        for library in threadpoolctl.threadpool_info():
            if library["user_api"] == "blas":
                name = {"openblas": "OpenBLAS", "mkl": "MKL", "blis": "BLIS"}.get(
                    library["internal_api"], library["internal_api"]
                )
                kernels = library.get("architecture")
                return f"{name} {library['version']}" + (f", {kernels} kernels" if kernels else "")
    built_with: Any = np.show_config(mode="dicts")
    blas = built_with["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas['version']}"


def _settings() -> dict[str, str]:
    """What the environment tells BLAS and thread pools: kernels, cache sizes, waiting.

    Such a setting can slow one peer down and leave another alone, so a reader must see it.
    """
    prefixes = ("BLIS_", "GOMP_", "KMP_", "MKL_", "OMP_", "OPENBLAS_", "TENSORGRAD_", "XLA_")
    left_out = {*THREAD_VARIABLES, *WITHOUT_EFFECT}
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith(prefixes) and name not in left_out
    }
