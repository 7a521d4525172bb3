"""The functions of np.fft, of which only the shifts have real results of real arrays.

NumPy imports them when they are first used, and so the table is filled with them only then.
"""

import numpy as np

from tensorgrad.derivatives.table import composition, plain, refused

refused(
    "it takes or gives complex numbers; tensorgrad differentiates real functions of real arrays",
    *(np.fft.fft, np.fft.fft2, np.fft.fftn, np.fft.ifft, np.fft.ifft2, np.fft.ifftn),
    *(np.fft.rfft, np.fft.rfft2, np.fft.rfftn, np.fft.irfft, np.fft.irfft2, np.fft.irfftn),
    *(np.fft.hfft, np.fft.ihfft),
)
plain(np.fft.fftfreq, np.fft.rfftfreq)


@composition(np.fft.fftshift)
def fftshift(x, axes=None):
    """Roll by half the length."""
    return rolled(x, axes, 1)


@composition(np.fft.ifftshift)
def ifftshift(x, axes=None):
    """Roll back."""
    return rolled(x, axes, -1)


def rolled(x, axes, direction):
    """Roll by half the length of each axis, rounded down."""
    axes = range(x.ndim) if axes is None else np.atleast_1d(axes)
    return np.roll(x, [direction * (x.shape[axis] // 2) for axis in axes], tuple(axes))
