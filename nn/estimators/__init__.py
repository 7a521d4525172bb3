"""Estimators with scikit-learn's interface.

They take the place of ``MLPClassifier`` and ``MLPRegressor``: the parameters, attributes and
defaults have the same names and meanings, and a few are added. ``docs/estimators.md`` shows them at
work, and beside scikit-learn's.
"""

try:
    from nn.estimators.classifier import NeuralNetworkClassifier
    from nn.estimators.regressor import NeuralNetworkRegressor
except ImportError as error:
    if (error.name or "").partition(".")[0] != "sklearn":
        raise
    raise ImportError(
        "nn.estimators needs scikit-learn 1.6 or newer; install it with: "
        'pip install -e ".[estimators]"'
    ) from error

__all__ = ["NeuralNetworkClassifier", "NeuralNetworkRegressor"]
