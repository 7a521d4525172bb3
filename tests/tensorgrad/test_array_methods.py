"""What ndarray has, Tensor has; what it deliberately lacks stands here with the reason."""

import inspect

import numpy as np
import pytest

import tensorgrad as tg

MEMORY = "it hands out the memory, past the tape"
REBINDS = "Python makes x = x + y of x += y, which is what a tensor should do"
OMITTED = {
    "__array_finalize__": "for subclasses of ndarray",
    "__array_wrap__": "for subclasses of ndarray",
    "__array_priority__": "for classes without __array_ufunc__",
    "__array_interface__": MEMORY,
    "__array_struct__": MEMORY,
    "__dlpack__": MEMORY,
    "__dlpack_device__": MEMORY,
    "__array_namespace__": "a tensor speaks NumPy's protocols, not the array API, which assigns",
    "__class_getitem__": "tensors are not generic types",
    "__complex__": "complex() goes by __float__",
    "__copy__": "copy goes by __reduce__, which knows leaves from results",
    "__deepcopy__": "copy goes by __reduce__, which knows leaves from results",
    "__setstate__": "pickle goes by __reduce__",
    "__delitem__": "elements cannot be deleted from an ndarray either",
    **dict.fromkeys(
        (
            f"__i{name}__"
            for name in (
                *("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"),
                *("and", "or", "xor", "lshift", "rshift"),
            )
        ),
        REBINDS,
    ),
    "base": MEMORY,
    "ctypes": MEMORY,
    "view": MEMORY,
    "getfield": MEMORY,
    "byteswap": "it makes no sense of the values",
    "to_device": "an array is where it is; its library moves it",
    "dump": "np.save(file, t.data) writes the values",
    "dumps": "pickle.dumps(t) keeps a leaf with its gradient",
    "tofile": "t.data.tofile(file) writes the values",
    **dict.fromkeys(("itemset", "newbyteorder", "ptp", "tostring"), "NumPy 2 drops it"),
}


def leaf(values, dtype=float):
    return tg.tensor(values, dtype=dtype, requires_grad=True)


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape)


def test_every_attribute_of_ndarray_is_there_or_omitted_with_a_reason():
    missing = set(dir(np.ndarray)) - set(dir(tg.Tensor))
    assert missing - set(OMITTED) == set()
    assert set(OMITTED) & set(dir(tg.Tensor)) == set()


METHODS = sorted(
    name
    for name in dir(np.ndarray)
    if not name.startswith("_") and callable(getattr(np.ndarray, name)) and name not in OMITTED
)
IN_PLACE = ("sort", "partition", "resize", "put", "fill", "setfield", "setflags")


@pytest.mark.parametrize("name", [name for name in METHODS if name not in IN_PLACE])
def test_parameters_are_those_of_ndarray(name):
    try:
        expected = inspect.signature(getattr(np.ndarray, name)).parameters
    except ValueError:
        pytest.skip("before NumPy 2.4 methods do not tell their parameters")
    parameters = inspect.signature(getattr(tg.Tensor, name)).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in expected.values())
    for parameter in expected.values():
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            continue
        ours = parameters[parameter.name]
        assert ours.default == parameter.default, parameter
        if parameter.kind is not parameter.KEYWORD_ONLY and not open_ended:
            position = list(expected).index(parameter.name)
            assert list(parameters)[position] == parameter.name


CALLS = [
    lambda x: x.all(),
    lambda x: x.all(0, keepdims=True),
    lambda x: x.any(axis=1, where=np.array([True, False, True])),
    lambda x: x.argmax(),
    lambda x: x.argmax(0, None, keepdims=True),
    lambda x: x.argmin(axis=-1),
    lambda x: x.argsort(),
    lambda x: x.argsort(None, kind="stable"),
    lambda x: x.argsort(0, stable=True),
    lambda x: x.argpartition(1),
    lambda x: x.argpartition(1, axis=None),
    lambda x: x.nonzero(),
    lambda x: x.ravel().searchsorted([0.1, 2.0], "right"),
    lambda x: x.astype(np.float32),
    lambda x: x.astype("f4", "F", "same_kind", False, True),
    lambda x: x.astype(int),
    lambda x: x.astype(float, copy=False),
    lambda x: x.clip(-0.5, 0.5),
    lambda x: x.clip(max=0.5),
    lambda x: x.clip(min=0.0),
    lambda x: x.compress([True, False], 1),
    lambda x: x.conj(),
    lambda x: x.conjugate(),
    lambda x: x.copy(),
    lambda x: x.copy("F"),
    lambda x: x.cumprod(1),
    lambda x: x.cumsum(),
    lambda x: x.cumsum(0, np.float32),
    lambda x: x.diagonal(1),
    lambda x: x.diagonal(axis1=1, axis2=0),
    lambda x: x.dot(np.ones(3)),
    lambda x: x.flatten(),
    lambda x: x.flatten("F"),
    lambda x: x.item(1, 2),
    lambda x: x.item(3),
    lambda x: x.max(),
    lambda x: x.max(0, None, True),
    lambda x: x.max(initial=10.0),
    lambda x: x.mean(1, keepdims=True),
    lambda x: x.mean(0, np.float64, None, True),
    lambda x: x.mean(where=np.array([True, False, True])),
    lambda x: x.min(-1),
    lambda x: x.prod(0),
    lambda x: x.prod(0, None, None, True, initial=2.0),
    lambda x: x.ravel("F"),
    lambda x: x.repeat(2),
    lambda x: x.repeat([1, 2], axis=0),
    lambda x: x.reshape(3, 2),
    lambda x: x.reshape((3, -1), order="F"),
    lambda x: x.round(1),
    lambda x: x[:1].squeeze(),
    lambda x: x[:1].squeeze(axis=0),
    lambda x: x.std(0, None, None, 1),
    lambda x: x.std(0, ddof=1, keepdims=True),
    lambda x: x.sum(),
    lambda x: x.sum(0, None, None, True),
    lambda x: x.sum(axis=(0, 1), initial=1.0),
    lambda x: x.swapaxes(0, 1),
    lambda x: x.take([0, 0, 5]),
    lambda x: x.take([0, 7], 1, None, "wrap"),
    lambda x: x.tobytes("F"),
    lambda x: x.tolist(),
    lambda x: x.trace(),
    lambda x: x.trace(1, 1, 0),
    lambda x: x.transpose(),
    lambda x: x.transpose((1, 0)),
    lambda x: x.var(1, ddof=1),
    lambda x: x.T,
    lambda x: x.mT,
    lambda x: x.real,
    lambda x: x.imag,
    lambda x: (x.shape, x.ndim, x.size, x.dtype, x.itemsize, x.nbytes, x.strides),
    lambda x: x.flags.c_contiguous,
    lambda x: x.flat[4],
    lambda x: x.flat[1:3],
    lambda x: list(x.flat)[2],
    lambda x: len(x.flat),
]
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
    CALLS += [
        lambda x: x.reshape(3, 2, copy=True),
        lambda x: x.device,
    ]


@pytest.mark.parametrize("call", CALLS, ids=range(len(CALLS)))
def test_results_are_those_of_ndarray(call):
    x = numbers(2, 3)
    result, expected = call(leaf(x)), call(x)
    if isinstance(result, tg.Tensor):
        assert result.dtype == np.asarray(expected).dtype
        result = result.data
    if isinstance(expected, tuple):
        for a, b in zip(result, expected, strict=True):
            np.testing.assert_array_equal(a, b)
    else:
        np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize("name", IN_PLACE)
def test_methods_in_place_are_refused_and_name_another(name):
    with pytest.raises(TypeError, match=rf"{name}\(\).*(np\.|tg\.|assign|x\.data)"):
        getattr(leaf([1.0, 2.0]), name)(0)


def test_copies():
    t = leaf(numbers(2, 3))
    for copied in (t.copy(), t.flatten(), t.astype(float), t.reshape(2, 3).copy("F")):
        assert not np.shares_memory(copied.data, t.data)
    assert t.astype(float, copy=False) is t
    assert t.copy("F").flags.f_contiguous
    t.flatten().assign(np.zeros(6))
    assert t.data.any()


def test_casting_is_checked():
    t = leaf([1.5])
    with pytest.raises(TypeError, match="Cannot cast"):
        t.astype(np.float32, casting="safe")
    assert type(t.astype(bool)) is np.ndarray
    with pytest.raises(TypeError, match="complex"):
        t.astype(complex)


def test_matrix_transpose_of_a_vector():
    with pytest.raises(ValueError, match="at least 2-d"):
        _ = leaf([1.0, 2.0]).mT


def test_elements_carry_gradients():
    t = leaf([[1.0, 2.0], [3.0, 4.0]])
    sum(x * i for i, x in enumerate(t.flat)).backward()
    np.testing.assert_array_equal(t.grad, [[0.0, 1.0], [2.0, 3.0]])


def test_methods_record_what_the_functions_record():
    tg.check_grads(lambda x: x.T.reshape(-1).take([0, 0]).repeat(2).cumsum(), numbers(2, 3))
    tg.check_grads(lambda x: x.flatten("F").clip(-0.5, 3.0).compress([1, 0, 1]), numbers(2, 2))
    tg.check_grads(lambda x: x.swapaxes(0, 1).diagonal() * x.trace(), numbers(2, 2))
