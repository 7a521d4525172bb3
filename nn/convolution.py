"""Layers that look at images patch by patch.

All of them lay the patches out side by side, as columns, and then a convolution is one product of
matrices (Chellapilla et al. 2006), and pooling is a maximum or a mean along one axis. Images have
shape (n, channels, height, width).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nn.checks import non_negative_integer, positive_integer
from nn.initializers import Initializer, he_normal
from nn.module import Module, Parameter
from tensorgrad.derivatives.windows import windows

Pair = tuple[int, int]
"""Height and width."""

Frame = tuple[Pair, Pair]
"""Rows above and below an image, and columns to the left and right of it."""


class Conv2d(Module):
    """Each patch of an image times the same weights, plus a bias.

    As is the custom, what is computed is the cross-correlation: the kernel is not turned over.

    Parameters
    ----------
    in_channels, out_channels : int
        Numbers of channels of input and output.
    kernel_size : int or (int, int)
        Height and width of a patch; one number stands for both, here and below.
    stride : int or (int, int)
        How far it is from one patch to the next.
    padding : int, (int, int), "valid" or "same"
        How many zeros are put around the image on each side; "valid" is 0, and with "same" (and
        stride 1) the output is as large as the input.
    dilation : int or (int, int)
        How far it is from one element of a patch to the next.
    groups : int
        Channels are split into this many groups, each with weights of its own.
    bias : bool
        Whether something is added to each output channel; it starts at zero.
    initializer : callable
        Gives the starting weight, from the shape (weights of one output channel, out_channels);
        see :mod:`nn.initializers`.
    rng : numpy.random.Generator or int, optional
        Source of randomness, or a seed.
    dtype : dtype
        Floating dtype of the parameters.

    Attributes
    ----------
    weight : Parameter
        Of shape (out_channels, in_channels / groups, height, width of the kernel).
    bias : Parameter or None
        Of shape (out_channels,).

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or the input is not images that hold a patch.

    Examples
    --------
    >>> layer = Conv2d(1, 8, kernel_size=3, padding="same", rng=0)
    >>> layer(np.ones((32, 1, 28, 28), np.float32)).shape
    (32, 8, 28, 28)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        initializer: Initializer = he_normal,
        rng: np.random.Generator | int | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.in_channels = positive_integer(in_channels, "in_channels")
        self.out_channels = positive_integer(out_channels, "out_channels")
        self.groups = positive_integer(groups, "groups")
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"{in_channels} and {out_channels} channels cannot be split into {groups} groups; "
                "expected a divisor of both"
            )
        self.kernel_size = _pair(kernel_size, "kernel_size")
        self.stride = _pair(stride, "stride")
        self.dilation = _pair(dilation, "dilation")
        self.padding = _frame_of_convolution(padding, self.kernel_size, self.stride, self.dilation)
        inputs = in_channels // groups * math.prod(self.kernel_size)
        weight = initializer((inputs, out_channels), np.random.default_rng(rng)).T
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(weight.reshape(shape).astype(dtype))
        self.bias = Parameter(np.zeros(out_channels, dtype)) if bias else None

    def forward(self, images: Any) -> Any:
        _check_images(images, self.in_channels)
        images = framed(images, self.padding, 0)
        patches = patches_of(images, self.kernel_size, self.stride, self.dilation)
        n, _, _, _, height, width = patches.shape
        columns = np.reshape(patches, (n, self.groups, -1, height * width))
        rows = np.reshape(self.weight, (self.groups, -1, columns.shape[2]))
        y = np.reshape(rows @ columns, (n, self.out_channels, height, width))
        return y if self.bias is None else y + np.reshape(self.bias, (-1, 1, 1))


class MaxPool2d(Module):
    """The largest element of each patch, in each channel.

    Elements that tie share the gradient evenly; PyTorch gives it to the first of them.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of a patch; one number stands for both, here and below.
    stride : int or (int, int), optional
        How far it is from one patch to the next; by default they lie side by side.
    padding : int or (int, int)
        How many rows and columns of minus infinity are put around the image, on each side.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or the input is not images that hold a patch.

    Examples
    --------
    >>> MaxPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 5.,  7.],
             [13., 15.]]]])
    """

    def __init__(
        self, kernel_size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
    ) -> None:
        self.kernel_size, self.stride, self.padding = _pooling(kernel_size, stride, padding)

    def forward(self, images: Any) -> Any:
        _check_images(images)
        images = framed(images, self.padding, -np.inf)
        return np.max(_pools(images, self.kernel_size, self.stride), axis=2)


class AvgPool2d(Module):
    """The mean of each patch, in each channel.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of a patch; one number stands for both, here and below.
    stride : int or (int, int), optional
        How far it is from one patch to the next; by default they lie side by side.
    padding : int or (int, int)
        How many rows and columns of zeros, which count in the mean, are put around the image, on
        each side.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of its range, or the input is not images that hold a patch.

    Examples
    --------
    >>> AvgPool2d(2)(np.arange(16.0).reshape(1, 1, 4, 4))
    array([[[[ 2.5,  4.5],
             [10.5, 12.5]]]])
    """

    def __init__(
        self, kernel_size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0
    ) -> None:
        self.kernel_size, self.stride, self.padding = _pooling(kernel_size, stride, padding)

    def forward(self, images: Any) -> Any:
        _check_images(images)
        images = framed(images, self.padding, 0)
        return np.mean(_pools(images, self.kernel_size, self.stride), axis=2)


# --------------------------------------------------------------------------------------- patches


def patches_of(images: Any, size: Pair, stride: Pair, dilation: Pair = (1, 1)) -> Any:
    """The patches of images, as a view.

    Parameters
    ----------
    images : ndarray or Tensor
        Of shape (n, channels, height, width).
    size, stride, dilation : (int, int)
        Of a patch, from one to the next, and between the elements of one.

    Returns
    -------
    ndarray or Tensor
        Of shape (n, channels, height and width of a patch, patches per column, patches per row).

    Raises
    ------
    ValueError
        If a patch is larger than an image.

    Examples
    --------
    >>> patches_of(np.zeros((1, 3, 8, 8)), (3, 3), (1, 1)).shape
    (1, 3, 3, 3, 6, 6)
    """
    n, channels, height, width = images.shape
    extent = tuple(d * (length - 1) + 1 for d, length in zip(dilation, size, strict=True))
    if extent[0] > height or extent[1] > width:
        raise ValueError(
            f"images of {height} x {width} are smaller than a patch of {extent[0]} x {extent[1]}"
        )
    if size == stride and dilation == (1, 1):  # side by side, which reshaping can tell apart
        down, across = height // size[0], width // size[1]
        whole = images[:, :, : down * size[0], : across * size[1]]
        blocks = np.reshape(whole, (n, channels, down, size[0], across, size[1]))
        return np.transpose(blocks, (0, 1, 3, 5, 2, 4))
    elements_last = windows(images, size, (2, 3), stride, dilation)
    return np.transpose(elements_last, (0, 1, 4, 5, 2, 3))


def framed(images: Any, frame: Frame, value: float) -> Any:
    """Images with a frame of one value around each.

    Parameters
    ----------
    images : ndarray or Tensor
        Of shape (n, channels, height, width).
    frame : pair of (int, int)
        Rows above and below, columns to the left and right.
    value : float
        What the frame holds.

    Returns
    -------
    ndarray or Tensor
        The images themselves, if there is nothing to be added.

    Examples
    --------
    >>> framed(np.zeros((1, 3, 8, 8)), ((1, 1), (2, 2)), 0.0).shape
    (1, 3, 10, 12)
    """
    if frame == ((0, 0), (0, 0)):
        return images
    return np.pad(images, ((0, 0), (0, 0), *frame), constant_values=value)


def _pools(images: Any, size: Pair, stride: Pair) -> Any:
    patches = patches_of(images, size, stride)
    return np.reshape(patches, (*patches.shape[:2], -1, *patches.shape[4:]))


# ---------------------------------------------------------------------------------------- checks


def _check_images(images: Any, channels: int | None = None) -> None:
    if images.ndim == 4 and channels in (None, images.shape[1]):
        return
    expected = "channels" if channels is None else channels
    raise ValueError(f"images have shape {images.shape}, expected (n, {expected}, height, width)")


def _pair(value: Any, name: str) -> Pair:
    height, width = value if isinstance(value, tuple | list) and len(value) == 2 else (value, value)
    return positive_integer(height, name), positive_integer(width, name)


def _pooling(kernel_size: Any, stride: Any, padding: Any) -> tuple[Pair, Pair, Frame]:
    size = _pair(kernel_size, "kernel_size")
    step = size if stride is None else _pair(stride, "stride")
    frame = _frame(padding)
    if any(2 * sides[0] > length for sides, length in zip(frame, size, strict=True)):
        raise ValueError(
            f"padding is {padding!r}, expected at most half of kernel_size {kernel_size!r}, so "
            "that every patch holds some of the image"
        )
    return size, step, frame


def _frame_of_convolution(padding: Any, size: Pair, stride: Pair, dilation: Pair) -> Frame:
    if padding == "valid":
        return _frame(0)
    if padding == "same":
        if stride != (1, 1):
            raise ValueError(f"padding 'same' goes with stride 1, not {stride}")
        rows, columns = (d * (length - 1) for d, length in zip(dilation, size, strict=True))
        return (rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2)
    if isinstance(padding, str):
        raise ValueError(f"padding is {padding!r}, expected a number, 'valid' or 'same'")
    return _frame(padding)


def _frame(padding: Any) -> Frame:
    sides = padding if isinstance(padding, tuple | list) and len(padding) == 2 else (padding,) * 2
    rows, columns = (non_negative_integer(side, "padding") for side in sides)
    return (rows, rows), (columns, columns)
