"""Functions that choose between values, step functions, and questions about elements.

Where a function has a kink, its rule picks a subgradient. ``maximum``, ``minimum``, ``fmax``,
``fmin`` and ``clip`` share the cotangent evenly between operands that tie. At its sample points
``interp`` has the slope that follows, at the last one the slope before. Conditions, and what
``heaviside`` compares with 0, have derivative 0.
"""

import numpy as np

from tensorgrad.derivatives.arguments import operand, refuse_out
from tensorgrad.derivatives.table import composition, derivative, flat, plain

# --------------------------------------------------------------------------- one of two values

derivative(
    np.maximum,
    lambda g, y, a, b: np.where(a > b, g, np.where(a == b, g / 2, 0)),
    lambda g, y, a, b: np.where(b > a, g, np.where(a == b, g / 2, 0)),
)
derivative(
    np.minimum,
    lambda g, y, a, b: np.where(a < b, g, np.where(a == b, g / 2, 0)),
    lambda g, y, a, b: np.where(b < a, g, np.where(a == b, g / 2, 0)),
)
derivative(
    np.fmax,  # not a number loses
    lambda g, y, a, b: np.where((a > b) | np.isnan(b), g, np.where(a == b, g / 2, 0)),
    lambda g, y, a, b: np.where((b > a) | np.isnan(a), g, np.where(a == b, g / 2, 0)),
)
derivative(
    np.fmin,
    lambda g, y, a, b: np.where((a < b) | np.isnan(b), g, np.where(a == b, g / 2, 0)),
    lambda g, y, a, b: np.where((b < a) | np.isnan(a), g, np.where(a == b, g / 2, 0)),
)
derivative(
    np.where,  # with a condition alone it gives indices, which are integers
    lambda g, y, condition, a, b: np.zeros_like(condition),
    lambda g, y, condition, a, b: np.where(condition, g, 0),
    lambda g, y, condition, a, b: np.where(condition, 0, g),
)
derivative(
    np.heaviside,
    lambda g, y, x, h0: np.zeros_like(x),
    lambda g, y, x, h0: np.where(operand(x) == 0, g, 0),
)


@composition(np.clip)
def clip(a, a_min=None, a_max=None, out=None, *, min=None, max=None, dtype=None):
    """Bounds may be tensors too; a value on a bound shares the cotangent with it."""
    refuse_out(out, np.clip)
    if min is not None or max is not None:
        if a_min is not None or a_max is not None:
            raise ValueError("np.clip takes a_min and a_max, or min and max, not some of both")
        a_min, a_max = min, max
    a = a if a_min is None else np.maximum(a, a_min)
    a = a if a_max is None else np.minimum(a, a_max)
    return a if dtype is None else a.astype(dtype)


@composition(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """What is replaced has derivative 0; the replacements may be tensors."""
    if not copy:
        raise TypeError(
            "np.nan_to_num with copy=False would overwrite a tensor behind the tape's back; use "
            "the result it returns"
        )
    if x.dtype.kind != "f":
        return x
    limits = np.finfo(x.dtype)
    x = np.where(np.isnan(x), nan, x)
    x = np.where(x == np.inf, float(limits.max) if posinf is None else posinf, x)
    return np.where(x == -np.inf, float(limits.min) if neginf is None else neginf, x)


# ----------------------------------------------------------------------- one of several values


@composition(np.select)
def select(condlist, choicelist, default=0):
    """The first condition that holds decides, so it is asked last."""
    if len(condlist) != len(choicelist):
        raise ValueError(
            f"np.select takes as many conditions as choices, not {len(condlist)} and "
            f"{len(choicelist)}"
        )
    chosen = operand(default)
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        condition = operand(condition)
        if np.result_type(condition).kind != "b":
            raise TypeError(f"np.select takes conditions of dtype bool, not {condition!r}")
        chosen = np.where(condition, operand(choice), chosen)
    return chosen


@composition(np.interp)
def interp(x, xp, fp, left=None, right=None, period=None):
    """Differentiable in ``xp`` too. Of float32 it makes float32, where NumPy makes float64."""
    x, xp, fp = operand(x), operand(xp), operand(fp)
    if np.ndim(xp) != 1 or np.shape(xp) != np.shape(fp) or not np.size(xp):
        raise ValueError(
            "np.interp takes sample points and values of one length, at least 1, not of shapes "
            f"{np.shape(xp)} and {np.shape(fp)}"
        )
    if period is not None:
        x, xp, fp = periodic(x, xp, fp, abs(period))
        left = right = None
    index = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(xp.size - 2, 0))
    after = np.minimum(index + 1, xp.size - 1)
    start, width = fp[index], xp[after] - xp[index]
    part = (x - xp[index]) / np.where(width == 0, 1, width)
    # Only the last interval can be met with no width, and at its end.
    part = np.where((width == 0) & (x == xp[-1]), 1, part)
    y = start + part * (fp[after] - start)
    y = np.where(x < xp[0], fp[0] if left is None else left, y)
    return np.where(x > xp[-1], fp[-1] if right is None else right, y)


def periodic(x, xp, fp, period):
    """Bring all points into one period, and repeat the samples at its ends."""
    if period == 0:
        raise ValueError("np.interp takes a period other than 0")
    x, xp = np.remainder(x, period), np.remainder(xp, period)
    order = np.argsort(xp)
    xp, fp = xp[order], fp[order]
    xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return x, xp, np.concatenate([fp[-1:], fp, fp[:1]])


# ------------------------------------------------------------ steps, comparisons and questions

flat(np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.around, np.fix)
flat(np.floor_divide, np.spacing)
plain(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
plain(np.logical_and, np.logical_or, np.logical_xor, np.logical_not)
plain(np.isnan, np.isinf, np.isfinite, np.isnat, np.isneginf, np.isposinf, np.signbit)
plain(np.isclose, np.allclose, np.array_equal, np.array_equiv)

# Of integers and booleans; NumPy refuses floating-point numbers.
plain(np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert, np.bitwise_count)
plain(np.left_shift, np.right_shift, np.gcd, np.lcm)
