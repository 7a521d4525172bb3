"""Training that depends on all that a checkpoint holds, for test_checkpoints.py."""

import os

import numpy as np

from nn import Callback, Checkpoint, EarlyStopping, NeuralNetwork
from nn.schedules import ReduceOnPlateau, Warmup

EPOCHS = 10
BATCHES = 4


def data() -> tuple[np.ndarray, np.ndarray]:
    """Inputs and classes."""
    X = np.random.default_rng(0).normal(size=(40, 2))
    return X, (X[:, 0] * X[:, 1] > 0).astype(int)


def train(
    path: str | os.PathLike[str],
    epochs: int = EPOCHS,
    resume: str | os.PathLike[str] | None = None,
    more: tuple[Callback, ...] = (),
) -> NeuralNetwork:
    """Train, with a checkpoint after each epoch."""
    network = NeuralNetwork(2, [[3, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0)
    return network.fit(
        *data(),
        batch_sz=8,
        epochs=epochs,
        optimizer="adam",
        learning_rate=0.1,
        schedule=Warmup(ReduceOnPlateau(patience=0), steps=10),
        dropout=0.2,
        validation_fraction=0.2,
        early_stopping=EarlyStopping(patience=EPOCHS),
        callbacks=[*more, Checkpoint(path)],
        resume=resume,
    )
