"""Every block of code in the project's document, executed as it is written there."""

import textwrap

import numpy as np
import pytest

import neural_nets
import nn

LAYER_SPEC = """
layer_spec = [
[8, 'tanh'],
[8, 'tanh'],
[1, 'sigmoid']
]
"""

CONSTRUCT = "NN = NeuralNetwork(input_dim, layer_spec, loss_func)"
FIT = "NN.fit(X, y, batch_sz=32, epochs=100, learning_rate=0.01)"
FIT_TRANSFORM = "Y_hat = NN.fit_transform(X, y)"
TRANSFORM = "Y_hat = NN.transform(X_test)"
PREDICT = "NN.predict(x)"
PREDICT_NAMES = 'NN.predict(x, class_names=["cat", "dog"])'
LOSS_HISTORY = "loss_history = NN.get_loss_history()"

BINARY = """
import numpy as np
from neural_nets import NeuralNetwork
# Data
X = np.random.randn(1000, 2)
y = (X[:, 0] + X[:, 1] > 0).astype(int)
# Model
NN = NeuralNetwork(
input_dim=2,
layer_spec=[[4, 'ReLU'], [1, 'sigmoid']],
loss_func='binary_log_loss'
)
# Train
NN.fit(X, y, epochs=100)
# Predict
pred = NN.predict([0.2, -0.1])
print(pred)
"""

MULTICLASS = """
NN = NeuralNetwork(
input_dim=2,
layer_spec=[[8, 'tanh'], [3, 'softmax']],
loss_func='multiclass_log_loss'
)
NN.fit(X_train, Y_train, epochs=200)
pred_class = NN.predict([1.0, 0.5])
"""

REGRESSION = """
NN = NeuralNetwork(
input_dim=1,
layer_spec=[[16, 'tanh'], [1, 'identity']],
loss_func='l2'
)
NN.fit(X_train, Y_train, epochs=200)
y_pred = NN.predict([0.3])
"""

PRINT = "print(NN)"


@pytest.fixture
def run():
    """Execute blocks one after the other, in one namespace."""
    namespace = {"NeuralNetwork": neural_nets.NeuralNetwork}

    def execute(block, **given):
        namespace.update(given)
        exec(compile(block, "<document>", "exec"), namespace)
        return namespace

    return execute


@pytest.fixture
def binary_data():
    X = np.random.default_rng(0).normal(size=(1000, 2))
    return {"X": X, "y": (X[:, 0] + X[:, 1] > 0).astype(int), "X_test": X[:10], "x": X[0]}


def test_both_imports_give_the_same_class():
    assert neural_nets.NeuralNetwork is nn.NeuralNetwork


def test_construction_training_and_use(run, binary_data, capsys):
    run(LAYER_SPEC)
    run(CONSTRUCT, input_dim=2, loss_func="binary_log_loss")
    NN = run(FIT, **binary_data)["NN"]
    assert len(run(LOSS_HISTORY)["loss_history"]) == 100
    Y_hat = run(TRANSFORM)["Y_hat"]
    assert type(Y_hat) is np.ndarray
    assert Y_hat.shape == (10, 1)
    prediction = eval(PREDICT, run("pass"))
    assert prediction in (0, 1)
    assert eval(PREDICT_NAMES, run("pass")) == ["cat", "dog"][prediction]
    run(PRINT)
    loss = NN.get_loss_history()[-1]
    # The document's example output, with what it leaves out filled in.
    assert capsys.readouterr().out == textwrap.dedent(f"""\
        Neural Network Details
        ======================
        Input Layer: ( 2 -> 8) tanh
        Hidden Layer: ( 8 -> 8) tanh
        Output Layer: ( 8 -> 1) sigmoid
        Total Network Parameters: 105
        Loss Function: binary_log_loss
        Trained = True
        Training Loss = {loss:.6g}
        Epochs Trained: 100
        """)


def test_fit_transform(run, binary_data):
    run(LAYER_SPEC)
    run(CONSTRUCT, input_dim=2, loss_func="binary_log_loss")
    namespace = run(FIT_TRANSFORM, **binary_data)
    assert namespace["Y_hat"].shape == (1000, 1)
    assert namespace["NN"].epochs_trained == 100


def test_binary_classification(run, capsys):
    namespace = run(BINARY)
    assert capsys.readouterr().out in ("0\n", "1\n")
    assert type(namespace["pred"]) is int
    assert np.mean(namespace["NN"].predict(namespace["X"]) == namespace["y"]) > 0.95


@pytest.mark.parametrize("one_hot", [False, True])
def test_multiclass_classification(run, one_hot):
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=150)
    X = np.array([[2.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]])[labels] + 0.5 * rng.normal(size=(150, 2))
    Y = np.eye(3)[labels] if one_hot else labels
    namespace = run(MULTICLASS, X_train=X, Y_train=Y)
    assert type(namespace["pred_class"]) is int
    assert namespace["pred_class"] in (0, 1, 2)
    assert np.mean(namespace["NN"].predict(X) == labels) > 0.95


def test_regression(run):
    X = np.linspace(-1, 1, 200)[:, None]
    Y = 0.5 * X[:, 0] ** 2
    namespace = run(REGRESSION, X_train=X, Y_train=Y)
    assert type(namespace["y_pred"]) is float
    losses = namespace["NN"].get_loss_history()
    assert losses[-1] < losses[0]
    assert losses[-1] < Y.var()


@pytest.mark.parametrize("activation", ["ReLU", "tanh", "sigmoid", "GeLU", "identity"])
@pytest.mark.parametrize(
    ("outputs", "output_activation", "loss_func"),
    [
        (1, "sigmoid", "binary_log_loss"),
        (3, "softmax", "multiclass_log_loss"),
        (1, "identity", "l2"),
    ],
)
def test_activations_and_tasks_of_the_tables(activation, outputs, output_activation, loss_func):
    NN = nn.NeuralNetwork(2, [[4, activation], [outputs, output_activation]], loss_func, seed=0)
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = (X[:, 0] > 0).astype(int)
    losses = NN.fit(X, y, epochs=20, learning_rate=0.1).get_loss_history()
    assert losses[-1] < losses[0]
