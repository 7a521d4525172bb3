"""What several groups do with the arguments of a call before they compute."""

import numpy as np

from tensorgrad.messages import name_of


def operand(x):
    """Make an array of a list or a tuple, a tensor if it holds any; leave all else as it is."""
    if not isinstance(x, list | tuple):
        return x
    return np.stack([operand(part) for part in x]) if x else np.asarray(x)


def shape_of(x):
    """The shape of an array or a number, without a detour through NumPy for tensors."""
    return x.shape if hasattr(x, "shape") else np.shape(x)


def refuse_out(out, function):
    """Raise if an array was given to write the result to."""
    if out is not None:
        raise TypeError(
            f"{name_of(function)} with out= would overwrite an array behind the tape's back; use "
            "the result it returns"
        )


def at(axis, *parts):
    """The index that applies ``parts`` from an axis on, which is counted from the front."""
    return (slice(None),) * axis + parts


def array_operand(x):
    """The same as :func:`operand`, and an array of a number too."""
    x = operand(x)
    return x if hasattr(type(x), "__array_function__") else np.asarray(x)


def given(option):
    """Whether an option was passed; NumPy has a value of its own for those that were not."""
    return option is not None and option is not np._NoValue


def in_dtype(x, dtype):
    """What ``dtype=`` asks for: the operand in that dtype, if NumPy would convert it."""
    if dtype is None or x.dtype == dtype:
        return x
    if not np.can_cast(x.dtype, dtype, "same_kind"):
        raise TypeError(
            f"an array of {x.dtype} cannot be computed with in {np.dtype(dtype)}; convert the "
            "result with astype"
        )
    return x.astype(dtype)
