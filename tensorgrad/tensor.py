"""The differentiable array: values, a gradient, and a link to the tape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import getitem
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from tensorgrad.array_methods import ArrayMethods
from tensorgrad.derivatives.joining import unstack
from tensorgrad.derivatives.ufunc_methods import outer
from tensorgrad.messages import name_of, printed
from tensorgrad.mutation import mutations, numbers
from tensorgrad.node import Node, leaf
from tensorgrad.operands import cotangent_like, require_real, ufunc_keywords
from tensorgrad.structure import map_leaves
from tensorgrad.tape import as_array, backward

DIFFERENTIABLE = "fdeg"
"""The type codes of NumPy's real floating dtypes."""


class Tensor(ArrayMethods):
    """An array that remembers how it was computed.

    A tensor behaves like the ndarray it holds: operators, methods, and every NumPy function with
    an entry in the derivative table take it, alone or together with plain arrays. What is computed
    from a tensor that requires a gradient is recorded, and :meth:`backward` goes back over the
    record.

    Parameters
    ----------
    data : array_like
        Real numbers. An ndarray is shared, not copied; :func:`tensor` copies.
    requires_grad : bool
        Whether operations on this tensor are recorded; floating dtypes only.

    Attributes
    ----------
    data : ndarray
        The values. Change them through :meth:`assign` only, which lets the backward pass notice.
    grad : ndarray or None
        Where :meth:`backward` adds the gradient up; of the shape and dtype of ``data``.
    node : Node or None
        The place on the tape; None for a constant.

    Raises
    ------
    TypeError
        If the data are complex, not numeric, or integers that should require a gradient.

    Examples
    --------
    >>> import numpy as np
    >>> x = Tensor(np.array([1.0, 2.0]), requires_grad=True)
    >>> y = np.sum(x**2)
    >>> y.backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ("__weakref__", "data", "grad", "node")

    data: Any
    grad: Any
    node: Node | None

    def __init__(self, data: ArrayLike, requires_grad: bool = False) -> None:
        self.data = real_array(data)
        self.grad = None
        self.node = None
        if requires_grad:
            self.requires_grad = True

    # ------------------------------------------------------------------------------ gradients

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to, or through, this tensor."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self.node is not None and self.node.function is not None:
            raise RuntimeError(
                f"this tensor was computed by {name_of(self.node.function)}; requires_grad can be "
                "set on leaves only. Use detach() for a tensor outside the graph."
            )
        if value and self.data.dtype.char not in DIFFERENTIABLE:
            raise TypeError(
                f"only floating-point tensors can require a gradient, not {self.data.dtype}; "
                "convert the data first, for example with astype(np.float32)"
            )
        self.node = leaf(self.data, self) if value else None

    @property
    def is_leaf(self) -> bool:
        """Whether no recorded operation computed this tensor."""
        return self.node is None or self.node.function is None

    def backward(self, cotangent: ArrayLike | None = None) -> None:
        """Add the gradient of this tensor to ``.grad`` of every leaf it was computed from.

        Parameters
        ----------
        cotangent : array_like, optional
            Gradient of the final scalar with respect to this tensor, of its shape. It may be left
            out if the tensor is itself the scalar.

        Raises
        ------
        RuntimeError
            If nothing was recorded, if the tensor is not a scalar and no cotangent is given, if an
            array that the gradient needs was overwritten since, or inside a transform if the
            tensor depends on its input.
        ValueError
            If the cotangent has another shape.
        """
        if self.node is None:
            raise RuntimeError(
                "backward() on a tensor with no graph: nothing it was computed from requires a "
                "gradient, or it was computed under no_grad. Set requires_grad=True on the inputs."
            )
        if cotangent is not None:
            cotangent = unwrapped(cotangent)
        backward(self.node, cotangent_like(self.data, cotangent))

    def detach(self) -> Tensor:
        """The same data, outside the graph."""
        return wrap(self.data, None)

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def assign(self, value: ArrayLike | Tensor) -> Tensor:
        """Overwrite the values in place; the one way to change a tensor.

        A backward pass that would read the old values raises an error afterwards.

        Parameters
        ----------
        value : array_like
            New values of the same shape; cast to this tensor's dtype.

        Returns
        -------
        Tensor
            This tensor.

        Raises
        ------
        ValueError
            If the shape differs, or the memory is read-only.
        TypeError
            If the value is itself part of a graph, or this is the input of a transform, whose
            memory is the caller's.
        """
        if self.node is not None and self.is_leaf and self.node.tensor is None:
            raise TypeError(
                "the input of tg.grad, or of another transform, is the caller's array and is not "
                "overwritten inside; compute with a new value instead"
            )
        if isinstance(value, Tensor):
            if value.node is not None:
                raise TypeError(
                    "assign() stores values and would cut them from their graph; compute them "
                    "under tg.no_grad(), or pass value.detach()"
                )
            value = value.data
        array = real_array(value)
        if array.shape != self.data.shape:
            raise ValueError(
                f"assign() got shape {array.shape} for a tensor of shape {self.data.shape}"
            )
        np.copyto(self.data, array, casting="same_kind")
        mutations.stamp(self.data)
        if not self.is_leaf:
            self.node = None
        return self

    # ------------------------------------------------------------------------ NumPy protocols

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **kwargs: Any) -> Any:
        if kwargs:
            args, kwargs = ufunc_keywords(ufunc, method, args, kwargs)
        if method == "__call__":
            if len(args) == 1 and not kwargs:
                return self._apply_to_one(ufunc, self)
            return self._apply(ufunc, *args, **kwargs)
        if method == "outer":
            return outer(ufunc, *args, **kwargs)
        return self._apply(getattr(ufunc, method), *args, **kwargs)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        return self._apply(function, *args, **kwargs)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Any:
        self._refuse_conversion("a plain array")
        return np.array(self.data, dtype=dtype, copy=copy)

    def _refuse_conversion(self, target: str) -> None:
        if self.node is not None:
            raise TypeError(
                f"turning a tensor that requires a gradient into {target} would cut it from the "
                "graph unnoticed. Use t.data (or t.item()) for the values, or compute under "
                "tg.no_grad(); tg.array([...]) to build an array of tensors, NumPy functions "
                "instead of the math module, and tg.logsumexp and tg.softmax instead of SciPy's."
            )

    # ------------------------------------------------------------------------------ container

    def __getitem__(self, index: Any) -> Tensor:
        if isinstance(index, tuple | list):
            index = unwrapped(index)
        return self._apply_to_two(getitem, self, index)

    def __setitem__(self, index: Any, value: Any) -> None:
        raise TypeError(
            "a tensor is not changed element by element, since what was recorded would no longer "
            "hold. Build a new one with tg.set_at(x, index, values) or np.where, or overwrite it "
            "as a whole with assign()."
        )

    def __hash__(self) -> int:
        return id(self)  # == compares the elements

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        if self.data.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(unstack(self, 0))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self == item))

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        self._refuse_conversion("a Python float")
        return float(self.data)

    def __int__(self) -> int:
        self._refuse_conversion("a Python int")
        return int(self.data)

    def __format__(self, spec: str) -> str:
        return format(self.data.item(), spec) if self.data.ndim == 0 and spec else str(self)

    def __repr__(self) -> str:
        values = printed(self.data, prefix="Tensor(")
        dtype = "" if self.data.dtype == np.float64 else f", dtype={self.data.dtype}"
        if self.node is None:
            history = ""
        elif self.node.function is None:
            history = ", requires_grad=True"
        else:
            history = f", from={name_of(self.node.function)}"
        return f"{type(self).__name__}({values}{dtype}{history})"

    def _repr_html_(self) -> str:
        from tensorgrad.drawing import html_of

        return html_of(self)

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.is_leaf:
            raise TypeError(
                "only leaves can be copied or pickled; detach() this tensor, which was computed "
                f"by {name_of(self.node and self.node.function)}, first"
            )
        return _restored, (type(self), self.data, self.requires_grad, self.grad)


_new = object.__new__


def recorded(
    function: Callable[..., Any],
    rules: Sequence[Callable[..., Any]],
    args: Sequence[Any],
    sources: Sequence[Node | None],
    value: Any,
    pullback: Callable[..., Sequence[Any]] | None = None,
) -> Tensor:
    """Make the node of an operation without keywords, and the tensor of its result.

    Written out, as a network's step does it for every operation.
    """
    node = Node()
    node.number = next(numbers)
    node.function = function
    node.rules = rules
    node.pullback = pullback
    node.args = args
    node.kwargs = NO_KEYWORDS
    node.sources = sources
    node.value = value
    node.group = None
    tensor = _new(Tensor)
    tensor.data = value
    tensor.node = node
    tensor.grad = None
    return tensor


NO_KEYWORDS: dict[str, Any] = {}


def wrap(data: Any, node: Node | None) -> Tensor:
    """Make a tensor of an array that needs no checks."""
    tensor = _new(Tensor)
    tensor.data = data
    tensor.node = node
    tensor.grad = None
    return tensor


def stop_gradient(x: Any) -> Any:
    """The values of ``x``, treated as a constant; arrays and numbers pass unchanged.

    Parameters
    ----------
    x : Tensor, array_like, or nested tuples, lists, dicts and dataclasses of them
        What no gradient is to flow through.

    Returns
    -------
    Tensor, array_like, or the same structure of them
        Tensors outside the graph.

    Examples
    --------
    >>> import tensorgrad as tg
    >>> tg.grad(lambda x: x * tg.stop_gradient(x))(3.0)
    array(3.)
    """
    return x.detach() if isinstance(x, Tensor) else map_leaves(_detached, x)


def _detached(leaf: Any) -> Any:
    return leaf.detach() if isinstance(leaf, Tensor) else leaf


def _restored(kind: type[Tensor], data: Any, requires_grad: bool, grad: Any) -> Tensor:
    tensor = kind.__new__(kind)
    Tensor.__init__(tensor, _with_common_dtype(data), requires_grad)
    tensor.grad = grad
    return tensor


def _with_common_dtype(data: Any) -> Any:
    """Give an unpickled array the dtype object of all others, by which the short paths know it."""
    if type(data) is np.ndarray and data.dtype == (common := np.dtype(data.dtype.char)):
        return data.view(common)
    return data


def real_array(data: Any) -> Any:
    """An array of real numbers, or an error that says what else was given.

    Raises
    ------
    TypeError
        If the data are complex, not numeric, in a matrix or a masked array, or a tensor that
        requires a gradient.
    """
    array = np.asarray(data) if isinstance(data, Tensor) else as_array(data)
    require_real(array)
    return array


def unwrapped(tree: Any) -> Any:
    """Replace tensors by their arrays, inside lists, tuples and dicts too."""
    if isinstance(tree, Tensor):
        return tree.data
    if isinstance(tree, list | tuple):
        parts = [unwrapped(item) for item in tree]
        return parts if isinstance(tree, list) else tuple(parts)
    if isinstance(tree, dict):
        return {key: unwrapped(item) for key, item in tree.items()}
    return tree
