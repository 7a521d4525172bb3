"""The derivative table: which functions can be differentiated, and how.

One line per function, grouped as NumPy groups them. Importing this package fills the table.
"""

from tensorgrad.derivatives import (  # noqa: F401 - imported to fill the table
    arranging,
    choosing,
    decompositions,
    determinants,
    diagonals,
    einsum,
    elementwise,
    functional,
    indexing,
    joining,
    linear_algebra,
    norms,
    padding,
    polynomials,
    products,
    reductions,
    scans,
    sequences,
    shaping,
    sinc_and_bessel,
    statistics,
    ufunc_methods,
    windows,
    without_derivative,
)
from tensorgrad.derivatives.table import TABLE, derivative

__all__ = ["TABLE", "derivative"]
