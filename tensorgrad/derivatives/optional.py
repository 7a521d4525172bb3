"""Groups of the table for modules that tensorgrad does without.

A tensor can only meet a function of such a module when the program has imported the module. So its
group is loaded when a function is not in the table, and importing tensorgrad imports NumPy alone,
and no part of it that NumPy itself leaves for later.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from tensorgrad.derivatives.table import TABLE

GROUPS = {
    "numpy.fft": ["fourier"],
    "scipy.special": ["scipy_special", "scipy_distributions", "scipy_physics"],
}
"""By the name of a module, the modules here that fill the table with its functions."""


def found_in_optional_group(function: Callable[..., Any]) -> bool:
    """Load the groups of the modules in use; whether the table has the function then."""
    for module, groups in GROUPS.items():
        if module in sys.modules:
            registered = dict(TABLE)
            for group in groups:  # another thread may be importing it, and is waited for
                import_module(f"tensorgrad.derivatives.{group}")
            TABLE.update(registered)  # a user's own rules stay
    return function in TABLE
