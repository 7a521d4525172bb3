"""Check the installed wheel as a first user would: look at what came, differentiate, train."""

import importlib.util
import sys
from importlib.resources import files

import numpy as np

import nn
import tensorgrad as tg
from neural_nets import NeuralNetwork

OPTIONAL = {"jax", "matplotlib", "numba", "pandas", "scipy", "sklearn", "torch"}
NOT_SHIPPED = {"experiments", "neural_nets_test", "tests"}

loaded = OPTIONAL & {name.partition(".")[0] for name in sys.modules}
assert not loaded, f"importing the packages also imported {sorted(loaded)}"

for package in (tg, nn):
    assert "site-packages" in str(package.__file__), f"{package.__file__} is not the installed one"
    assert files(package).joinpath("py.typed").is_file(), f"{package.__name__} has no py.typed"
for name in NOT_SHIPPED | OPTIONAL:
    assert importlib.util.find_spec(name) is None, f"{name} is installed beside the wheel"

gradient = tg.grad(lambda x: np.sum(x * x))(np.array([1.0, -2.0]))
np.testing.assert_allclose(gradient, [2.0, -4.0])

X = np.random.default_rng(0).normal(size=(200, 2))
y = (X[:, 0] + X[:, 1] > 0).astype(int)
network = NeuralNetwork(2, [[8, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0)
network.fit(X, y, epochs=50, learning_rate=0.1)
accuracy = np.mean(network.predict(X) == y)
assert accuracy > 0.95, f"a line between two classes was learned with accuracy {accuracy:.3f}"

print(f"The wheel works: {nn.__file__}, accuracy {accuracy:.3f}.")
