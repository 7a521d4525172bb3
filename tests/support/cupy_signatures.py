"""Which of the calls that the derivative table makes CuPy cannot take, as far as signatures tell.

``python tests/support/cupy_signatures.py`` runs every case of the table on strict duck arrays,
notes each NumPy call that reaches one, and looks for the same function and arguments in CuPy. It
needs CuPy and no GPU, since nothing is computed there.
"""

import functools
import inspect
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any
from unittest import mock

import numpy as np
from derivative_cases import CASES
from derivative_cases.derivatives import value_and_cotangents
from duck_array import DuckArray

from tensorgrad.messages import name_of

Problems = dict[str, set[str]]


def main() -> None:
    """Print what CuPy lacks, and how many of the cases do without it."""
    problems: Problems = defaultdict(set)
    cases = [case for case in CASES if case.duck]
    for case in cases:
        with checked_calls(case.name, problems):
            for shapes in filled(case.shapes):
                value_and_cotangents(case, [DuckArray(x) for x in case.operands(0, shapes)])
    affected = set().union(*problems.values())
    print(f"CuPy {cupy().__version__}: {len(cases) - len(affected)} of {len(cases)} cases fit.")
    for problem, names in sorted(problems.items()):
        print(f"  {problem}: {', '.join(sorted(names)[:3])}{', ...' if len(names) > 3 else ''}")


def filled(combinations: Any) -> list[Any]:
    """The combinations of shapes that have elements; for others, rules may call something else."""
    return [shapes for shapes in combinations if all(0 not in shape for shape in shapes)]


@contextmanager
def checked_calls(case: str, problems: Problems) -> Iterator[None]:
    """Check every NumPy call on a duck array against CuPy's signatures."""
    call_function, call_ufunc = DuckArray.__array_function__, DuckArray.__array_ufunc__

    def function(self: Any, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        note(problem_of_function(function, args, kwargs))
        return call_function(self, function, types, args, kwargs)

    def ufunc(self: Any, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        note(problem_of_ufunc(ufunc, method, args))
        return call_ufunc(self, ufunc, method, *args, **kwargs)

    def note(problem: str) -> None:
        if problem:
            problems[problem].add(case)

    with mock.patch.multiple(DuckArray, __array_function__=function, __array_ufunc__=ufunc):
        yield


def problem_of_function(function: Any, args: Any, kwargs: Any) -> str:
    """What is wrong with a call that goes through ``__array_function__``; nothing if it fits."""
    try:
        path = [*function.__module__.split(".")[1:], function.__name__]
        counterpart = functools.reduce(getattr, path, cupy())
    except AttributeError:
        return f"no {name_of(function)}"
    try:
        inspect.signature(counterpart).bind(*args, **kwargs)
    except ValueError:  # a ufunc of CuPy's has no signature to look at
        return ""
    except TypeError as error:
        return f"{name_of(function)} {error}"
    return ""


def problem_of_ufunc(ufunc: np.ufunc, method: str, args: Any) -> str:
    """What is wrong with a call that goes through ``__array_ufunc__``."""
    special = import_module("cupyx.scipy.special")
    name = ufunc.__name__.lstrip("_")  # SciPy's zeta is called _zeta
    counterpart = getattr(cupy(), name, getattr(special, name, None))
    if counterpart is None:
        return f"no {name_of(ufunc)}"
    if not hasattr(counterpart, method):
        return f"no {name_of(ufunc)}.{method}"
    operands = args[:1] if method in ("at", "reduceat") else args  # the others are indices
    if any(isinstance(arg, np.ndarray) and arg.ndim for arg in operands):
        return f"{name_of(ufunc)} of arrays of both libraries"
    return ""


def cupy() -> Any:
    """The library, imported when it is needed: pytest looks into this file, too."""
    return import_module("cupy")


if __name__ == "__main__":
    main()
