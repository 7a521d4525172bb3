"""What went wrong inside of a program, told as the eager function would tell it."""

from __future__ import annotations

from typing import Any

from tensorgrad.compiler.program import Program, substitute
from tensorgrad.messages import explained
from tensorgrad.structure import flatten


def raise_with_line(error: Exception, program: Program, inputs: list[Any]) -> None:
    """Raise an error with the operation, its operands and the user's line in front of it.

    The program is run again, one instruction at a time, to find which of them fails; if none does,
    nothing is raised.

    Parameters
    ----------
    error : Exception
        What a backend raised.
    program : Program
        What it ran.
    inputs : list
        What it ran on.
    """
    values = dict(program.constants) | dict(zip(program.inputs, inputs, strict=True))
    for step in program.instructions:
        args = substitute(step.args, values.__getitem__)
        kwargs = substitute(step.kwargs, values.__getitem__)
        try:
            values[step.result] = step.function(*args, **kwargs)
        except Exception as own:  # noqa: BLE001 - whatever it is, it goes on with its line
            operands = flatten(args)[0]
            raise explained(own, step.function, operands, f"; {step.line}") from error
