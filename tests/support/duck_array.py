"""An array that speaks NumPy's protocols and refuses everything implicit, as CuPy's do."""

from typing import Any

import numpy as np

GENERATORS = (np.zeros_like, np.ones_like, np.empty_like, np.full_like)


class DuckArray:
    """Wraps an ndarray; NumPy functions take it, but no function may turn it into an ndarray.

    A call that mixes it with ndarrays of one or more axes is refused as well: on a GPU that would
    be arrays on two devices.
    """

    def __init__(self, hidden: Any) -> None:
        self._hidden = np.asarray(hidden)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("implicit conversion of a duck array to an ndarray")

    def __float__(self) -> float:
        raise TypeError("implicit conversion of a duck array to a float")

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **kwargs: Any) -> Any:
        if any(hasattr(type(arg), "__array_ufunc__") and not _known(type(arg)) for arg in args):
            return NotImplemented
        args, kwargs = _revealed(args), _revealed(kwargs)
        return _hidden(getattr(ufunc, method)(*args, **kwargs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(map(_known, types)):
            return NotImplemented
        return _hidden(function(*_revealed(args), **_revealed(kwargs)))

    shape = property(lambda self: self._hidden.shape)
    ndim = property(lambda self: self._hidden.ndim)
    size = property(lambda self: self._hidden.size)
    dtype = property(lambda self: self._hidden.dtype)
    T = property(lambda self: DuckArray(self._hidden.T))

    def __getitem__(self, index: Any) -> Any:
        return DuckArray(self._hidden[_revealed(index)])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._hidden[_revealed(index)] = _revealed(value)

    def __len__(self) -> int:
        return len(self._hidden)

    def __bool__(self) -> bool:
        return bool(self._hidden)

    def astype(self, dtype: Any) -> Any:
        return DuckArray(self._hidden.astype(dtype))

    def copy(self) -> Any:
        return DuckArray(self._hidden.copy())

    def sum(self, axis: Any = None, keepdims: bool = False) -> Any:
        return DuckArray(self._hidden.sum(axis=axis, keepdims=keepdims))

    def reshape(self, *shape: Any) -> Any:
        return DuckArray(self._hidden.reshape(*shape))


def _operator(ufunc: Any, reflected: bool = False) -> Any:
    if reflected:
        return lambda self, other: ufunc(other, self)
    return lambda self, *other: ufunc(self, *other)  # noqa: PLW0108 - a method must bind


for _name, _ufunc in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "truediv": np.divide,
    "floordiv": np.floor_divide,
    "mod": np.remainder,
    "pow": np.power,
    "matmul": np.matmul,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
}.items():
    setattr(DuckArray, f"__{_name}__", _operator(_ufunc))
    setattr(DuckArray, f"__r{_name}__", _operator(_ufunc, reflected=True))
for _name, _ufunc in {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "neg": np.negative,
    "pos": np.positive,
    "abs": np.absolute,
    "invert": np.invert,
}.items():
    setattr(DuckArray, f"__{_name}__", _operator(_ufunc))


def reveal(value: Any) -> Any:
    """The ndarray inside, for the test to look at."""
    return value._hidden if isinstance(value, DuckArray) else value


def _known(kind: type) -> bool:
    return issubclass(kind, DuckArray | np.ndarray | np.generic)


def _revealed(tree: Any) -> Any:
    if isinstance(tree, DuckArray):
        return tree._hidden
    if isinstance(tree, np.ndarray) and tree.ndim and tree.dtype.kind == "f":
        raise TypeError("a duck array was mixed with an ndarray")
    if isinstance(tree, list | tuple):
        parts = [_revealed(part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    if isinstance(tree, dict):
        return {key: _revealed(part) for key, part in tree.items()}
    return tree


def _hidden(tree: Any) -> Any:
    if isinstance(tree, np.ndarray | np.generic):
        return DuckArray(tree)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*map(_hidden, tree))  # type: ignore[call-arg]
    if isinstance(tree, list | tuple):
        return type(tree)(map(_hidden, tree))
    return tree
