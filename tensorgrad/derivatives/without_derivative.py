"""Functions of no group that differentiates them: each is plain, or refused with the reason.

Some never see a tensor: they take no arrays, or make one of their argument by ``__array__``, which
a tensor refuses. They are here so that the table has an answer for all of NumPy, and for calls
with ``like=``. Names that a version of NumPy lacks are passed over.
"""

import numpy as np

from tensorgrad.derivatives.table import composition, plain, refused


def named(namespace, names):
    """The functions of these names that this version of NumPy has."""
    return [getattr(namespace, name) for name in names.split() if hasattr(namespace, name)]


# --------------------------------------------------------------------------- taking no arrays

plain(*named(np, "arange empty eye full identity indices ones tri zeros broadcast_shapes"))
plain(*named(np, "bartlett blackman hamming hanning kaiser"))
plain(*named(np, "diag_indices mask_indices tril_indices triu_indices"))
plain(*named(np, "frombuffer fromfile fromiter fromregex fromstring genfromtxt load loadtxt"))
plain(*named(np, "fromfunction frompyfunc nested_iters"))
plain(*named(np, "isdtype issubdtype mintypecode promote_types typename datetime_data"))
plain(*named(np, "base_repr binary_repr format_float_positional format_float_scientific"))
plain(*named(np, "get_printoptions set_printoptions printoptions getbufsize setbufsize"))
plain(*named(np, "geterr seterr geterrcall seterrcall get_include info show_config show_runtime"))

# ------------------------------------------------------------- questions, files, integers, dates

plain(*named(np, "isfortran isscalar iterable"))
plain(*named(np, "save savetxt savez savez_compressed"))
plain(*named(np, "packbits unpackbits in1d"))
plain(*named(np, "busday_count busday_offset is_busday datetime_as_string"))

# -------------------------------------------------------------------------------- refused

refused(
    "it makes a plain array of its argument; tg.array([...]) makes a tensor of tensors",
    *named(np, "array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray"),
    *named(np, "asmatrix bmat from_dlpack require"),
)
refused(
    "whether it gives real or complex numbers depends on the values; what np has of the same name "
    "is real",
    *named(np.emath, "arccos arcsin arctanh log log10 log2 logn power sqrt"),
)

# ----------------------------------------------------------------------------- former names

for _old, _new in (("row_stack", "vstack"), ("trapz", "trapezoid")):
    if hasattr(np, _old):  # an alias that NumPy keeps as a function of its own, until it goes
        composition(getattr(np, _old))(getattr(np, _new))
