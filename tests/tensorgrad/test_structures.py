"""Arguments, results and cotangents that are nested tuples, lists, dicts and dataclasses."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

import tensorgrad as tg


@dataclass
class Point:
    x: object
    y: object


class Pair(NamedTuple):
    first: object
    second: object


class TestStructures:
    def test_nested_arguments(self):
        tree = {"a": (1.0, [2.0, np.ones(2)]), "b": Pair(3.0, None), "c": Point(4.0, 5.0)}

        def f(t):
            (a0, (a1, a2)), pair, point = t["a"], t["b"], t["c"]
            return a0 * a1 * a2.sum() * pair.first + point.x * point.y

        gradient = tg.grad(f)(tree)
        assert gradient["a"][0] == 12.0
        np.testing.assert_array_equal(gradient["a"][1][1], [6.0, 6.0])
        assert gradient["b"] == Pair(4.0, None)
        assert gradient["c"] == Point(5.0, 4.0)
        assert list(gradient) == ["a", "b", "c"]

    def test_kinds_of_dicts_are_kept(self):
        counts = defaultdict(list, a=2.0)
        gradient = tg.grad(lambda d: d["a"] ** 2)(counts)
        assert gradient == {"a": 4.0}
        assert gradient["new"] == []

    def test_a_counter_does_not_count(self):
        assert tg.grad(lambda c: c["a"] ** 2)(Counter(a=3.0)) == Counter(a=6.0)

    def test_nested_results(self):
        value, pullback = tg.vjp(lambda a, b: {"sum": a + b, "rest": [a * b, a]}, 2.0, 3.0)
        assert value == {"sum": 5.0, "rest": [6.0, 2.0]}
        assert pullback({"sum": 1.0, "rest": [10.0, 100.0]}) == (131.0, 21.0)
        assert pullback({"sum": 1.0, "rest": [0.0, 0.0]}) == (1.0, 1.0)

    def test_a_cotangent_of_another_structure_is_refused(self):
        _, pullback = tg.vjp(lambda a: (a, a), 2.0)
        with pytest.raises(ValueError, match="tuple of 2"):
            pullback(1.0)
        with pytest.raises(ValueError, match=r"\(3,\)"):
            pullback((np.ones(3), 1.0))

    @pytest.mark.parametrize(
        ("cotangent", "error"),
        [
            (np.ones((2, 2)) * 1j, "complex"),
            (np.full((2, 2), "1"), "real numbers"),
            (np.ones((2, 2)).view(np.matrix), "kind of ndarray"),
            (np.ma.ones((2, 2)), "kind of ndarray"),
            (np.ones((2, 2), object), "real numbers"),
        ],
    )
    def test_a_cotangent_of_another_kind_is_refused(self, cotangent, error):
        x = np.array([[1.0, 2.0], [3.0, 4.0]])
        with pytest.raises(TypeError, match=error):
            tg.vjp(np.square, x)[1](cotangent)
        with pytest.raises(TypeError, match=error):
            tg.jvp(np.square, [x], [cotangent])
        with pytest.raises(TypeError, match=error):
            np.square(tg.tensor(x, requires_grad=True)).backward(cotangent)

    def test_a_cotangent_of_whole_numbers(self):
        for cotangent in ([True, False], [1, 0], np.array([1, 0], np.int8), [1.0, 0]):
            (gradient,) = tg.vjp(np.square, np.array([1.0, 2.0]))[1](np.asarray(cotangent))
            np.testing.assert_array_equal(gradient, [2.0, 0.0])

    def test_jacobian_of_structures(self):
        jacobian = tg.jacobian(lambda p: {"s": p["a"] * p["b"], "a": p["a"]})
        result = jacobian({"a": np.array([1.0, 2.0]), "b": 3.0})
        np.testing.assert_array_equal(result["s"]["a"], 3 * np.eye(2))
        np.testing.assert_array_equal(result["s"]["b"], [1.0, 2.0])
        np.testing.assert_array_equal(result["a"]["b"], [0.0, 0.0])


class TestStructuresMatch:
    def test_cotangents_go_by_their_keys(self):
        _, pullback = tg.vjp(lambda x: {"a": x * 1, "b": x * 10}, 2.0)
        (gradient,) = pullback({"b": np.array(1.0), "a": np.array(0.0)})
        assert gradient == 10.0

    def test_tangents_go_by_their_keys(self):
        _, tangent = tg.jvp(
            lambda p: p["a"] + 10 * p["b"], [{"a": 1.0, "b": 1.0}], [{"b": 1.0, "a": 0.0}]
        )
        assert tangent == 10.0

    @pytest.mark.parametrize("cotangent", [{"a": 1.0, "c": 0.0}, {"a": 1.0}, (1.0, 0.0), 1.0, None])
    def test_another_structure_is_refused(self, cotangent):
        _, pullback = tg.vjp(lambda x: {"a": x * 1, "b": x * 10}, 2.0)
        with pytest.raises(ValueError, match="structure"):
            pullback(cotangent)
