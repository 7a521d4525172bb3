"""The derivative table: which functions can be differentiated, and how.

One line per function, grouped as NumPy groups them. Importing this package fills the table.
"""

from tensorgrad.derivatives import (  # noqa: F401 - imported to fill the table
    elementwise,
    indexing,
    products,
    reductions,
    shaping,
)
from tensorgrad.derivatives.table import TABLE, derivative

__all__ = ["TABLE", "derivative"]
