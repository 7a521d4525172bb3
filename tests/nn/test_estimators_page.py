"""Every block of code in docs/estimators.md runs."""

import pytest
from pages import run_page


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_page():
    scope = run_page("docs/estimators.md")
    assert scope["fitted"].classes_.tolist() == ["benign", "malignant"]
