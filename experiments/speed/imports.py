"""What a user waits for before anything else: the import."""

from __future__ import annotations

import statistics
import subprocess
import sys
from dataclasses import dataclass, field

from experiments.speed.processes import environment

__all__ = ["Comparison", "measure_import"]

# `nn` must not pull these in: each of them takes longer to import than NumPy.
UNWANTED_IMPORTS = ("matplotlib", "scipy", "sklearn")


@dataclass
class Comparison:
    """Two times measured in turn.

    Attributes
    ----------
    name, reference_name : str
        What is measured, and what it is measured against.
    microseconds, reference_microseconds : list of float
        One entry for each round.
    unwanted_imports : list of str
        Modules that were imported and should not have been.
    """

    name: str
    reference_name: str
    microseconds: list[float] = field(default_factory=list)
    reference_microseconds: list[float] = field(default_factory=list)
    unwanted_imports: list[str] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Median over the rounds, in microseconds."""
        return statistics.median(self.microseconds)

    @property
    def reference_median(self) -> float:
        """Median of the reference over the rounds, in microseconds."""
        return statistics.median(self.reference_microseconds)

    @property
    def ratio(self) -> float:
        """Median over the rounds of the time divided by the reference's time."""
        rounds = zip(self.microseconds, self.reference_microseconds, strict=True)
        return statistics.median(time / reference for time, reference in rounds)


def measure_import(module: str, reference: str, *, rounds: int) -> Comparison:
    """The import of `module` beside that of `reference`, each in a fresh interpreter.

    The start of the interpreter is not counted.

    Parameters
    ----------
    module, reference : str
        Names of importable modules.
    rounds : int

    Returns
    -------
    Comparison
    """
    comparison = Comparison(f"import {module}", f"import {reference}")
    _import(module)  # writes the bytecode caches
    _import(reference)
    for _ in range(rounds):
        comparison.reference_microseconds.append(_import(reference)[0])
        microseconds, comparison.unwanted_imports = _import(module)
        comparison.microseconds.append(microseconds)
    return comparison


IMPORT_SCRIPT = """
import sys, time
begin = time.perf_counter()
__import__(sys.argv[1])
print(time.perf_counter() - begin, *(name for name in sys.argv[2:] if name in sys.modules))
"""


def _import(module: str) -> tuple[float, list[str]]:
    """Microseconds that the import takes, and the unwanted modules that came with it."""
    completed = subprocess.run(
        [sys.executable, "-c", IMPORT_SCRIPT, module, *UNWANTED_IMPORTS],
        capture_output=True,
        check=True,
        text=True,
        env=environment(),
    )
    seconds, *unwanted = completed.stdout.split()
    return 1e6 * float(seconds), unwanted
