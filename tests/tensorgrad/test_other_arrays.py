"""Arrays of other libraries inside tensors: they stay what they are, and the numbers are NumPy's.

The strict duck array stands for CuPy: it raises on every implicit conversion. Dask is a real
library, and computes nothing before it is asked to.
"""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple

import dask.array as da
import dask.config
import numpy as np
import pytest
from dask_support import UNSUPPORTED, WRITTEN_FOR, fits, needs_one_chunk, why_unsupported
from derivative_cases import CASES
from derivative_cases.case import Case
from derivative_cases.derivatives import value_and_cotangents
from duck_array import DuckArray, reveal
from pages import run_page

import tensorgrad as tg
from tensorgrad.structure import flatten, map_leaves


class Library(NamedTuple):
    """How to make arrays of a library, and how to see what is in them."""

    kind: type
    make: Callable[[Any], Any]
    reveal: Callable[[Any], Any]


def in_chunks(array: Any) -> Any:
    """A Dask array of two chunks, if the first axis is long enough."""
    array = np.asarray(array)
    rows = [max(1, (n + 1) // 2) for n in array.shape[:1]]
    return da.from_array(array, chunks=(*rows, *array.shape[1:]), name=False)


def computed(array: Any) -> Any:
    return array.compute(scheduler="synchronous")


DUCK = Library(DuckArray, DuckArray, reveal)
DASK = Library(da.Array, in_chunks, computed)
libraries = pytest.mark.parametrize("library", [DUCK, DASK], ids=["duck", "dask"])

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))


def same(library: Library, got: Any, expected: Any, rtol: float = 1e-10) -> None:
    """Whether two structures hold the same numbers, the first one in arrays of the library."""
    got, expected = flatten(got)[0], flatten(expected)[0]
    for a, b in zip(got, expected, strict=True):
        assert isinstance(a, library.kind)
        a = library.reveal(a)
        assert a.shape == np.shape(b)
        assert a.dtype == np.asarray(b).dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-12)


# ------------------------------------------------------------------------------- the transforms


def energy(x: Any) -> Any:
    return np.sum(np.tanh(x) ** 2 * np.mean(x, axis=0))


def table_of_products(x: Any) -> Any:
    return np.exp(x) * np.sum(x, axis=1, keepdims=True)


def cubes(x: Any) -> Any:
    return np.sum(x**3, axis=1)


TRANSFORMED = {
    "grad": tg.grad(energy),
    "value_and_grad": tg.value_and_grad(energy),
    "grad of grad": tg.grad(lambda x: np.sum(tg.grad(energy)(x) ** 2)),
    "vjp": lambda x: tg.vjp(table_of_products, x)[1](x),
    "jvp": lambda x: tg.jvp(table_of_products, [x], [x]),
    "hvp": lambda x: tg.hvp(energy, [x], [x]),
    "jacobian": tg.jacobian(cubes),
    "jacobian, forward": tg.jacobian(cubes, mode="forward"),
    "hessian": tg.hessian(lambda x: np.sum(x**3)),
    "structures": lambda x: tg.grad(lambda p: np.sum(p["a"] * p["b"][0]))({"a": x, "b": (x,)}),
    "no gradient": lambda x: tg.grad(lambda a, b: np.sum(b**2))(x, x),
}


@libraries
@pytest.mark.parametrize("name", TRANSFORMED)
def test_transforms(library: Library, name: str) -> None:
    transformed = TRANSFORMED[name]
    same(library, transformed(library.make(X)), transformed(X))


def test_checkpoint() -> None:
    """Not on Dask: it compares the values with those of the first time, so they are computed."""
    checkpointed = tg.grad(lambda x: energy(tg.checkpoint(np.sin)(x)))
    same(DUCK, checkpointed(DuckArray(X)), checkpointed(X))


# ---------------------------------------------------------------------------------- tensors


@libraries
def test_backward(library: Library) -> None:
    expected = tg.grad(lambda x, y: energy(x * y[:, :1]), argnums=(0, 1))(X, Y)
    x, y = (tg.Tensor(library.make(array), requires_grad=True) for array in (X, Y))
    loss = energy(x * y[:, :1])
    assert isinstance(loss.data, library.kind)
    loss.backward()
    same(library, (x.grad, y.grad), expected)
    energy(x * y[:, :1]).backward()
    same(library, (x.grad, y.grad), map_leaves(lambda g: 2 * g, expected))


@libraries
def test_backward_with_a_cotangent(library: Library) -> None:
    x = tg.Tensor(library.make(X), requires_grad=True)
    table_of_products(x).backward(library.make(X.astype(np.float32)))
    same(library, x.grad, tg.vjp(table_of_products, X)[1](X.astype(np.float32))[0])


@libraries
def test_float32_stays_float32(library: Library) -> None:
    X32 = X.astype(np.float32)
    value_and_gradient = tg.value_and_grad(energy)
    same(library, value_and_gradient(library.make(X32)), value_and_gradient(X32), rtol=1e-5)


@libraries
def test_a_tensor_is_shown_without_a_look_at_its_values(library: Library) -> None:
    with nothing_computed():
        tensor = tg.Tensor(library.make(X), requires_grad=True)
        assert repr(tensor).startswith("Tensor(")
        assert "float64" in str(tg.draw(np.exp(tensor)))
        assert "float64 (4, 3)" in tensor._repr_html_()


def test_overwriting_a_duck_array_is_noticed() -> None:
    x = tg.Tensor(DuckArray(X.copy()), requires_grad=True)
    y = np.sum(np.exp(x) * x)
    x.assign(DuckArray(X + 1))
    np.testing.assert_array_equal(reveal(x.data), X + 1)
    with pytest.raises(RuntimeError, match="overwritten"):
        y.backward()


@libraries
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_anomalies_are_found(library: Library) -> None:
    x = tg.Tensor(library.make(np.array([0.0, 1.0])), requires_grad=True)
    with tg.detect_anomaly():
        root = np.sum(np.sqrt(x))
        with pytest.raises(FloatingPointError, match=r"backward pass through np\.sqrt"):
            root.backward()


# --------------------------------------------------------------------------------- a network


def network(parameters: Any, x: Any) -> Any:
    (first, first_bias), (second, second_bias) = parameters
    return tg.affine(np.tanh(tg.affine(x, first, first_bias)), second, second_bias)


def trained(make: Callable[[Any], Any], make_data: Callable[[Any], Any]) -> Any:
    """The loss, and the parameters after three steps, of logistic regression with a layer more."""
    rng = np.random.default_rng(0)
    shapes = [((3, 5), (5,)), ((5, 2), (2,))]
    parameters = map_leaves(make, [tuple(map(rng.standard_normal, pair)) for pair in shapes])
    x, y = make_data(X), make_data((Y > 0) + 0.0)

    def loss(parameters: Any) -> Any:
        logits = network(parameters, x)
        return np.mean(tg.softplus(logits) - logits * y)

    value = None
    for _ in range(3):
        value, gradients = tg.value_and_grad(loss)(parameters)
        leaves, rebuild = flatten(parameters)
        steps = zip(leaves, flatten(gradients)[0], strict=True)
        parameters = rebuild([leaf - 0.5 * gradient for leaf, gradient in steps])
    return value, parameters


@libraries
def test_training_steps(library: Library) -> None:
    same(library, trained(library.make, library.make), trained(np.asarray, np.asarray))


def test_training_steps_with_parameters_in_numpy_and_data_in_dask() -> None:
    same(DASK, trained(np.asarray, in_chunks), trained(np.asarray, np.asarray))


# -------------------------------------------------------------------------------------- Dask


def nothing_computed() -> Any:
    """A context in which Dask raises instead of computing."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("something was computed")

    return dask.config.set(scheduler=refuse)


def test_dask_computes_nothing_before_it_is_asked_to() -> None:
    with nothing_computed():
        with pytest.raises(AssertionError, match="something was computed"):
            in_chunks(X).compute()
        x = tg.Tensor(in_chunks(X), requires_grad=True)
        energy(x).backward()
        _, gradient = tg.value_and_grad(energy)(in_chunks(X))
        trained(in_chunks, in_chunks)
    same(DASK, (x.grad, gradient), 2 * (tg.grad(energy)(X),))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_table_on_dask(case: Case) -> None:
    reason = why_unsupported(case.name)
    if reason:
        pytest.skip(reason)
    check_on_dask(case)


def check_on_dask(case: Case) -> None:
    """Values and first derivatives; on small chunks the second ones take most of a minute."""
    shapes = largest_shapes(case)
    if shapes is None:
        pytest.skip("a case about arrays without elements, which Dask cannot reshape")
    operands = case.operands(0, shapes)
    make = da.from_array if needs_one_chunk(case.name) else in_chunks
    expected = value_and_cotangents(case, operands, order=1)
    got = value_and_cotangents(case, [make(x) for x in operands], order=1)
    assert all(isinstance(array, da.Array) for array in got)
    same(DASK, got, expected)


def largest_shapes(case: Case) -> Any:
    """The operands with most elements; None if some have none in every combination."""
    filled = [shapes for shapes in case.shapes if all(0 not in shape for shape in shapes)]
    return max(filled, key=lambda shapes: sum(map(np.prod, shapes)), default=None)


def test_every_pattern_of_the_list_is_of_a_case() -> None:
    for reason, patterns in UNSUPPORTED.items():
        for pattern in patterns:
            assert any(fits(case.name, [pattern]) for case in CASES), (reason, pattern)


@pytest.mark.skipif(version("dask") != WRITTEN_FOR, reason="the list is for another Dask")
def test_the_list_is_up_to_date() -> None:
    """What is listed as unsupported does fail, so the list hides nothing that works."""
    listed = [case for case in CASES if why_unsupported(case.name)]
    assert [case.name for case in listed if works_on_dask(case)] == []


def works_on_dask(case: Case) -> bool:
    try:
        check_on_dask(case)
    except Exception:  # noqa: BLE001 - whatever Dask raises
        return False
    return True


def test_the_page() -> None:
    run_page("docs/other-arrays.md")
