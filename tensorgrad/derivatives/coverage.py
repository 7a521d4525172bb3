"""What the derivative table says of each function in NumPy's public namespaces.

``python -m tensorgrad.derivatives.coverage`` prints it for the installed version of NumPy, and of
SciPy if there is one. With ``--output docs/coverage.md`` it writes the page of the documentation.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.derivatives.optional import found_in_optional_group
from tensorgrad.derivatives.table import TABLE, Composition, Flat, Plain, Primitive, Refused

NAMESPACES: dict[str, ModuleType] = {
    "np": np,
    "np.linalg": np.linalg,
    "np.fft": np.fft,
    "np.emath": np.emath,
    "np.lib.stride_tricks": np.lib.stride_tricks,
}

KINDS = {
    Primitive: "Differentiable",
    Composition: "Differentiable",
    Flat: "Constant",
    Plain: "Plain",
    Refused: "Refused",
}

NAMES = ("Differentiable", "Constant", "Plain", "Refused")

INTRODUCTION = """\
# What of NumPy can be differentiated

For {versions}. Written by `python -m tensorgrad.derivatives.coverage --output docs/coverage.md`.

What a function does when it is called with a tensor:

| | Functions | |
|---|---|---|
| Differentiable | {differentiable} | gives a tensor that gradients flow through |
| Constant | {constant} | a step function: gives a tensor, and its derivative is zero |
| Plain | {plain} | gives what it gives for the array; there is no derivative, or no array |
| Refused | {refused} | raises a `TypeError` that gives the reason |

A name counts as often as NumPy has it: `abs` is `absolute`.

What is not listed, such as the functions of `np.random`, `np.polynomial` and `np.ma`, cannot tell a
tensor from any other object. It computes with operators and NumPy functions, and gradients flow; or
it makes a plain array of its argument, and a tensor that is part of a graph refuses that with a
`TypeError`.
"""

METHODS_NOTE = """
Those of other ufuncs raise a `TypeError`. `outer` can be differentiated where the ufunc can.
"""

SPECIAL_NOTE = """
Other ufuncs of `scipy.special` raise a `TypeError`, until a rule for them is registered with
`tg.derivative`. What is no ufunc there, `logsumexp` and `softmax` among them, makes a plain array
of its argument, which a tensor refuses; use `tg.logsumexp`, `tg.softmax` and `tg.log_softmax`.
"""


class Status(NamedTuple):
    """What becomes of a call with a tensor, and why if it is refused."""

    kind: str
    reason: str = ""


def status(function: Callable[..., Any]) -> Status | None:
    """Look a function up in the table; None if it has no entry."""
    found_in_optional_group(function)
    entry = TABLE.get(function)
    if entry is None:
        return None
    return Status(KINDS[type(entry)], entry.reason if isinstance(entry, Refused) else "")


def functions_of(namespace: ModuleType) -> dict[str, Callable[..., Any]]:
    """The public functions of a module: ufuncs, dispatching and ordinary ones, but no classes."""
    kinds = (np.ufunc, type(np.sum), FunctionType, BuiltinFunctionType)
    members = {name: getattr(namespace, name) for name in dir(namespace) if name[0] != "_"}
    return {name: member for name, member in members.items() if isinstance(member, kinds)}


def uncovered() -> list[str]:
    """The functions of NumPy that the table has no answer for."""
    return [
        f"{prefix}.{name}"
        for prefix, namespace in NAMESPACES.items()
        for name, function in functions_of(namespace).items()
        if status(function) is None
    ]


# --------------------------------------------------------------------------------- as a page


def markdown() -> str:
    """Write the whole coverage as a page of documentation."""
    listed = {prefix: functions_of(namespace) for prefix, namespace in NAMESPACES.items()}
    kinds = [status(function) for functions in listed.values() for function in functions.values()]
    counts = {kind.lower(): sum(s is not None and s.kind == kind for s in kinds) for kind in NAMES}
    sections = [INTRODUCTION.format(versions=versions(), **counts)]
    sections += [_section(f"`{prefix}`", functions) for prefix, functions in listed.items()]
    sections.append(_section("Methods of ufuncs", _ufunc_methods()) + METHODS_NOTE)
    if find_spec("scipy"):
        sections.append(_section("`scipy.special`", _special_functions()) + SPECIAL_NOTE)
    return "\n".join(sections)


def versions() -> str:
    """The libraries that the coverage is of, by their minor versions."""
    modules = [("NumPy", np.__version__)]
    if find_spec("scipy"):
        from scipy import __version__ as scipy_version

        modules.append(("SciPy", scipy_version))
    return " and ".join(f"{name} {'.'.join(v.split('.')[:2])}" for name, v in modules)


def _section(title: str, functions: dict[str, Callable[..., Any]]) -> str:
    groups: dict[Status, list[str]] = {}
    for name, function in functions.items():
        found = status(function)
        if found is not None:
            groups.setdefault(found, []).append(name)
    lines = [f"## {title}", ""]
    for kind in NAMES:
        of_kind = {status.reason: names for status, names in groups.items() if status.kind == kind}
        if "" in of_kind:
            lines += [f"**{kind}**: {_listed(of_kind[''])}", ""]
        elif of_kind:
            lines += [f"**{kind}**:", ""]
            lines += [f"- {_listed(names)}: {why}." for why, names in sorted(of_kind.items())]
            lines.append("")
    return "\n".join(lines)


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(set(names)))


def _ufunc_methods() -> dict[str, Callable[..., Any]]:
    """What the table holds beside ufuncs themselves; all ufuncs have the same to say of ``at``."""
    methods = {}
    for function in TABLE:
        ufunc = getattr(function, "__self__", None)
        if isinstance(ufunc, np.ufunc):
            name = function.__name__
            methods["at" if name == "at" else f"{ufunc.__name__}.{name}"] = function
    return methods


def _special_functions() -> dict[str, Callable[..., Any]]:
    from scipy import special

    functions = functions_of(special)
    return {name: function for name, function in functions.items() if status(function)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m tensorgrad.derivatives.coverage", description=__doc__
    )
    parser.add_argument("--output", type=Path, help="write to this file instead of the terminal")
    output = parser.parse_args(arguments).output
    if output is None:
        sys.stdout.write(markdown())
    else:
        output.write_text(markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
