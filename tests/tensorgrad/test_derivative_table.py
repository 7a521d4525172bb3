"""Every entry of the table, in every way it will be used."""

import numpy as np
import pytest
from derivative_cases import CASES
from derivative_cases.case import Case
from derivative_cases.derivatives import value_and_cotangents
from duck_array import DuckArray, reveal
from hypothesis import given, settings
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad.structure import flatten

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
few_examples = settings(max_examples=max(1, settings().max_examples // 6))
seeds = st.integers(0, 2**16)


def test_case_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


@every_case
@few_examples
@given(data=st.data(), seed=seeds)
def test_derivatives_agree_with_central_differences(case: Case, data, seed: int) -> None:
    operands = case.operands(seed, data.draw(st.sampled_from(case.shapes)))
    tg.check_grads(case.call, *operands, order=case.order, rtol=case.tolerance, atol=case.tolerance)


@every_case
@few_examples
@given(data=st.data(), seed=seeds)
def test_memory_layout_does_not_matter(case: Case, data, seed: int) -> None:
    operands = case.operands(seed, data.draw(st.sampled_from(case.shapes)))
    layout = data.draw(st.sampled_from([strided, transposed, reversed_order, read_only]))
    expected = value_and_cotangents(case, operands)
    got = value_and_cotangents(case, [layout(operand) for operand in operands])
    for a, b in zip(expected, got, strict=True):
        # Not to the bit: BLAS and NumPy's sums group their terms by layout.
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


@every_case
def test_value_is_numpys(case: Case) -> None:
    for shapes in case.shapes:
        operands = case.operands(0, shapes)
        plain = flatten(case.call(*operands))[0]
        tensors = flatten(case.call(*map(leaf, operands)))[0]
        for a, b in zip(plain, tensors, strict=True):
            b = b.data if isinstance(b, tg.Tensor) else b
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-14)
            assert np.asarray(b).dtype == np.asarray(a).dtype


@every_case
def test_float32_stays_float32(case: Case) -> None:
    operands = [x.astype(np.float32) for x in case.operands(0, case.shapes[0])]
    for array in value_and_cotangents(case, operands):
        assert array.dtype == np.float32


@every_case
def test_gradient_has_the_shape_and_dtype_of_its_operand(case: Case) -> None:
    for shapes in case.shapes:
        operands = [leaf(x) for x in case.operands(0, shapes)]
        for output in flatten(case.call(*operands))[0]:
            if isinstance(output, tg.Tensor) and output.requires_grad:
                output.backward(np.ones(output.shape))
        for operand in operands:
            if operand.grad is not None:
                assert type(operand.grad) is np.ndarray
                assert operand.grad.shape == operand.shape
                assert operand.grad.dtype == operand.dtype
                assert operand.grad.flags.writeable


@every_case
def test_rules_never_convert_to_ndarray(case: Case) -> None:
    """What CuPy needs: the same on an array that raises on any implicit conversion."""
    if not case.duck:
        pytest.skip("NumPy itself converts here")
    for shapes in case.shapes:
        operands = case.operands(0, shapes)
        expected = value_and_cotangents(case, operands)
        got = value_and_cotangents(case, [DuckArray(x) for x in operands])
        for a, b in zip(expected, got, strict=True):
            assert isinstance(b, DuckArray)
            np.testing.assert_allclose(reveal(b), a, rtol=1e-12, atol=1e-14)


def leaf(array):
    return tg.Tensor(array, requires_grad=True)


def strided(array):
    if array.ndim == 0:
        return array
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]))
    wide[..., ::2] = array
    return wide[..., ::2]


def transposed(array):
    return array.copy(order="F")


def reversed_order(array):
    return np.flip(np.flip(array).copy())


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array
