"""Cases of tensorgrad.derivatives.fourier."""

import numpy as np

from derivative_cases.case import Case, real

CASES = [
    Case("fftshift", np.fft.fftshift, [real], [((4,),), ((2, 3),), ((0,),)]),
    Case("ifftshift", lambda x: np.fft.ifftshift(x, axes=-1), [real], [((3,),), ((2, 5),)]),
]
