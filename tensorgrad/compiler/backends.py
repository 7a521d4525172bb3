"""What can run a program: each backend by its name, imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from tensorgrad.compiler.program import Program

Backend = Callable[[Program], Callable[..., tuple[Any, ...]]]
"""Makes of a program a function from its inputs to a tuple of its outputs.

The function may have a method ``scan(states, steps, *inputs)``, for :func:`tensorgrad.scan` to use
instead of calling it in a loop; a method ``call_with(inputs)``, which does what a call does and
takes the inputs as one list; and a text ``source``.
"""


def backend_named(name: str) -> Backend:
    """The backend of this name.

    Raises
    ------
    ImportError
        If a package that it needs is not installed.
    ValueError
        If there is none.

    Examples
    --------
    >>> backend_named("numpy").__name__
    'Replay'
    """
    if name == "numpy":
        from tensorgrad.compiler.numpy_backend import Replay

        return Replay
    if name == "llvm":
        _require(name, "llvmlite")
        from tensorgrad.compiler.llvm_backend import NativeFunction

        return NativeFunction
    if name == "numba":
        _require(name, "numba")
        from tensorgrad.compiler.numba_backend import NumbaFunction

        return NumbaFunction
    raise ValueError(
        f'backend must be "numpy", "llvm", "numba" or a function that runs programs, not {name!r}'
    )


def _require(backend: str, *packages: str) -> None:
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise ImportError(
            f'backend="{backend}" needs {" and ".join(missing)}, which is not installed: '
            'pip install -e ".[compile]"'
        )
