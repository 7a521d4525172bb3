"""Other libraries train the same network: from equal weights on equal batches, equal steps."""

from dataclasses import replace

import numpy as np
import pytest

from experiments.peers import PEERS, available_peers, train_peers
from experiments.tasks import TASKS, task_named
from experiments.training import draw_and_build, in_quick_run


def test_scikit_learn_lacks_gelu_and_a_decay_along_a_cosine():
    without = [task.name for task in TASKS if "scikit-learn" not in available_peers(task)]
    assert without == ["sine_regression", "xor_decaying", "two_moons_adam", "sine_tanh_decaying"]


@pytest.mark.parametrize("name", ["binary_gaussians", "diabetes"])
def test_peers_learn_about_as_much(name):
    """Within a few deviations of what the seed decides; a factor in the learning rate shows."""
    task = replace(task_named(name), epochs=10)
    record = train_peers(task, seed=0)
    assert record["our_seconds"] > 0
    assert set(record) == {"seed", "our_seconds", *available_peers(task)}
    for peer in available_peers(task):
        figure = record[peer]["training"]
        assert record[peer]["seconds"] > 0
        assert figure > 0.99 if task.metric == "accuracy" else 0.4 < figure < 0.6


def test_scikit_learn_takes_the_same_steps():
    """One linear layer has one minimum: the same number of full-batch steps leads equally far."""
    task = replace(
        task_named("diabetes"),
        layers=((3, "identity"), (1, "identity")),
        epochs=200,
        batch_size=331,
    )
    dataset, network = draw_and_build(task, 0)
    network.fit(dataset.X_train, dataset.y_train, 331, 200, task.learning_rate)
    ours = np.mean((network.predict(dataset.X_train) - dataset.y_train) ** 2)
    predict = PEERS["scikit-learn"].train(task, dataset, 0)
    theirs = np.mean((predict(dataset.X_train) - dataset.y_train) ** 2)
    assert theirs == pytest.approx(ours, rel=0.05)


@pytest.mark.parametrize(
    "name", ["xor", "two_moons_adam", "multiclass_scale_1.0", "sine_regression"]
)
def test_pytorch_trains_every_kind_of_row(name):
    pytest.importorskip("torch")
    task = in_quick_run(task_named(name))
    dataset, _ = draw_and_build(task, 0)
    predictions = PEERS["PyTorch"].train(task, dataset, 0)(dataset.X_test)
    assert predictions.shape == dataset.y_test.shape
    if task.metric == "accuracy":
        assert np.mean(predictions == dataset.y_test) > 0.8
    else:
        assert np.mean((predictions - dataset.y_test) ** 2) < 0.5
