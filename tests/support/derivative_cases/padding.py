"""Cases of tensorgrad.derivatives.padding and .windows."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from derivative_cases.case import ARRAYS, Case, distinct, real


def padding(name, domain=real, shapes=ARRAYS, width=((2, 1),), **options):
    return Case(f"pad, {name}", lambda x: np.pad(x, width, **options), [domain], shapes)


PADDING = [
    padding("zeros", shapes=[((3,),), ((2, 3),), ((0, 2),), ((),)], width=1),
    padding("a constant", constant_values=1.5),
    padding("constants", real, [((2, 3),)], ((1, 0), (0, 2)), constant_values=((1, 2.5), (3, 4))),
    padding("edge", mode="edge"),
    padding("reflect", shapes=[((4,),), ((2, 3),)], width=((3, 4),), mode="reflect"),
    padding(
        "odd reflect",
        shapes=[((3,),), ((2, 1),)],
        width=((5, 3),),
        mode="reflect",
        reflect_type="odd",
    ),
    padding("symmetric", width=((3, 4),), mode="symmetric"),
    padding(
        "odd symmetric",
        shapes=[((3,),), ((2, 1),)],
        width=((4, 7),),
        mode="symmetric",
        reflect_type="odd",
    ),
    padding("wrap", width=((3, 4),), mode="wrap"),
    padding("linear ramp", mode="linear_ramp"),
    padding("linear ramps", real, [((2, 2),)], mode="linear_ramp", end_values=(1, -2.5)),
    padding("mean", mode="mean"),
    padding("mean of some", mode="mean", stat_length=2),
    padding("maximum", distinct, mode="maximum"),
    padding("minimum of some", distinct, mode="minimum", stat_length=(1, 2)),
    padding("median", distinct, mode="median"),
    Case(
        "pad, constants that are operands",
        lambda x, c: np.pad(x, ((1, 0), (2, 1)), constant_values=c),
        [real, real],
        [((2, 3), ()), ((1, 2), (2,)), ((2, 1), (2, 2)), ((2, 0), (2, 1))],
    ),
    Case(
        "pad, ramp to an operand",
        lambda x, c: np.pad(x, 2, mode="linear_ramp", end_values=c),
        [real, real],
        [((3,), ()), ((1, 2), (2,))],
    ),
]

WINDOWS = [
    Case(
        "sliding_window_view",
        lambda x: sliding_window_view(x, 2, axis=0),
        [real],
        [((4,),), ((3, 2),)],
    ),
    Case(
        "sliding_window_view, long",
        lambda x: sliding_window_view(x, 4, -1),
        [real],
        [((5,),), ((2, 4),)],
    ),
    Case(
        "sliding_window_view, all axes",
        lambda x: sliding_window_view(x, (2, 1)),
        [real],
        [((2, 3),), ((3, 1),)],
    ),
    Case(
        "sliding_window_view, long, two axes",
        lambda x: sliding_window_view(x, (3, 2), (2, 0)),
        [real],
        [((2, 2, 4),)],
    ),
    Case(
        "sliding_window_view, an axis twice",
        lambda x: sliding_window_view(x, (2, 3), (0, 0)),
        [real],
        [((5,),)],
    ),
    Case(
        "sliding_window_view, no axes",
        lambda x: sliding_window_view(x, (), ()),
        [real],
        [((2,),), ((),)],
    ),
]

CASES = [*PADDING, *WINDOWS]
