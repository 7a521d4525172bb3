"""Arguments recognized, and results put together, by functions made for one structure."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.compiler.matching import builder_of, matcher_of

Pair = namedtuple("Pair", "a b")

ARGUMENTS = ({"w": np.ones((2, 3)), 7: [np.ones(2, np.float32), 1.5]}, (), 3)


def known(function):
    assert function is not None
    return function


def changed(**change):
    tree = {"w": np.zeros((2, 3)), 7: [np.zeros(2, np.float32), 2.5]}
    tree.update(change)
    return (tree, (), 4)


def test_arguments_of_the_same_make_are_taken_apart():
    w, half, number, whole = known(known(matcher_of(ARGUMENTS))(changed()))
    assert not w.any()
    assert half.dtype == np.float32
    assert (number, whole) == (2.5, 4)


@pytest.mark.parametrize(
    "arguments",
    [
        changed(w=np.zeros((3, 2))),
        changed(w=np.zeros((2, 3), np.float32)),
        changed(w=np.zeros((2, 3)).view(np.matrix)),
        changed(w=1.0),
        changed(w=[1.0]),
        changed(v=1.0),
        ({7: [np.zeros(2, np.float32), 2.5], "w": np.zeros((2, 3))}, (), 4),
        (OrderedDict(changed()[0]), (), 4),
        (changed()[0], [], 4),
        (changed()[0], (1,), 4),
        (changed()[0], (), 4.0),
        (changed()[0], (), True),
        (changed()[0], ()),
    ],
)
def test_others_are_not(arguments):
    assert known(matcher_of(ARGUMENTS))(arguments) is None


@pytest.mark.parametrize("leaf", [None, "a", True, Pair(1, 2), tg.tensor(1.0), np.float64(1)])
def test_what_is_looked_at_more_closely_has_no_short_cut(leaf):
    assert matcher_of((leaf,)) is None


def test_results_are_put_together():
    build = known(builder_of(({"w": 1, (1, 2): [2]}, (), 3)))
    assert build((10, 20, 30)) == ({"w": 10, (1, 2): [20]}, (), 30)
    assert known(builder_of(7))((8,)) == 8
    assert known(builder_of(()))(()) == ()


@pytest.mark.parametrize("tree", [Pair(1, 2), OrderedDict(a=1), None, [None]])
def test_other_containers_are_left_to_others(tree):
    assert builder_of(tree) is None


def test_a_compiled_function_notices_every_change_of_make():
    calls = tg.compile(lambda state, x: {"w": state["w"] * x})
    for shape in ((2,), (3,), (2,)):
        for dtype in (np.float32, np.float64, np.float32):
            result = calls({"w": np.full(shape, 3, dtype)}, 2.0)["w"]
            np.testing.assert_array_equal(result, np.full(shape, 6, dtype))
            assert result.dtype == dtype
    assert calls({"w": np.ones(2)}, np.full(2, 2.0))["w"].tolist() == [2, 2]
    with pytest.raises(KeyError):
        calls({"v": np.ones(2)}, 2.0)
