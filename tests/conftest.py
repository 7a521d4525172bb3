"""Settings of the whole test run: threads, pictures, and how hard hypothesis looks."""

import os

from hypothesis import HealthCheck, settings

# BLAS reads these once, when NumPy is first imported, and that is after this file. The matrices of
# the tests are too small to gain from threads, and one pool in each pytest-xdist worker would put
# more threads on the cores than there are. Subprocesses that a test starts inherit the setting.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
# A picture goes to a file, on a machine with a display too.
os.environ.setdefault("MPLBACKEND", "Agg")

# "quick" tries the same examples in every run, so that a failure means a change in the code.
# "thorough" draws new ones each time, and many: for a new derivative, and before a release.
settings.register_profile(
    "quick",
    max_examples=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],  # a busy machine is not a fault of the test
)
settings.register_profile(
    "thorough",
    settings.get_profile("quick"),
    max_examples=2000,
    derandomize=False,
    print_blob=True,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
