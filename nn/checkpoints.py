"""Checkpoints: what training needs to go on in another process, as if nothing had happened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from nn.callbacks import Callback, History, TrainingState
from nn.checks import positive_integer
from nn.documents import (
    read_history,
    read_number,
    read_random_state,
    written_history,
    written_number,
    written_random_state,
)
from nn.files import ModelFileError, PathLike, read_file, write_file
from nn.saving import (
    MODEL,
    NETWORK,
    TRAINING,
    check_finite,
    check_format,
    model_arrays,
    model_description,
    network_description,
)
from nn.standardization import as_arrays

SHUFFLING = "shuffling"
"""The name of the generator that shuffles the data; the others have those of their layers."""


class Checkpoint(Callback):
    """Write all that training depends on to a file, after every epoch or every few.

    ``fit(..., resume=path)`` goes on from there, and gives the same bits as if it had never been
    interrupted. The file holds the parameters, the state of optimizer, schedule, random numbers and
    callbacks, and the history. It is replaced in one step: whenever the process is killed, there is
    a whole checkpoint, the last one or the one before. ``NeuralNetwork.load`` and
    :func:`nn.load_model` read it too, for the network as it was then.

    Put it last in the list of callbacks, so that it sees what the others did after the epoch.

    Parameters
    ----------
    path : path-like
        By custom it ends in ``.safetensors``.
    every : int
        Epochs from one checkpoint to the next; the last epoch has one in any case.

    Raises
    ------
    TypeError, ValueError
        If ``every`` is not a positive integer; in ``fit``, if the optimizer is L-BFGS.
    OSError
        In ``fit``, if the file cannot be written; at once if its directory does not exist.

    Examples
    --------
    >>> import tempfile
    >>> from nn import NeuralNetwork
    >>> X = np.random.default_rng(0).normal(size=(100, 2))
    >>> y = X[:, 0] > X[:, 1]
    >>> def network():
    ...     return NeuralNetwork(2, [[4, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = f"{directory}/run.safetensors"
    ...     _ = network().fit(X, y, epochs=5, callbacks=[Checkpoint(path)])
    ...     resumed = network().fit(X, y, epochs=10, resume=path)
    >>> resumed.get_loss_history() == network().fit(X, y, epochs=10).get_loss_history()
    True
    """

    def __init__(self, path: PathLike, every: int = 1) -> None:
        from pathlib import Path  # which takes as long to import as ten modules of this package

        self.path = Path(path)
        self.every = positive_integer(every, "every")
        self._settings: dict[str, Any] = {}

    def on_fit_begin(self, state: TrainingState) -> None:
        if not self.path.parent.is_dir():
            raise FileNotFoundError(f"the directory of the checkpoint {self.path} does not exist")
        if not hasattr(state.optimizer, "state_dict"):
            raise ValueError(
                f"a checkpoint cannot hold what {type(state.optimizer).__name__} has learned of "
                "the curvature, which SciPy keeps; leave Checkpoint out, and save the network "
                "after fit"
            )
        # Callbacks may change a setting while training runs; what counts is what fit was given.
        self._settings = settings_of(state)

    def on_epoch_end(self, state: TrainingState) -> None:
        is_last = state.epoch == state.epochs or state.stop_reason is not None
        if is_last or state.epoch % self.every == 0:
            write_checkpoint(state, self.path, self._settings)


def settings_of(state: TrainingState) -> dict[str, Any]:
    """What has to be the same when training goes on: JSON, by name."""
    numbers, _ = _numbers_and_arrays(state.optimizer.state_dict())
    numbers.pop("learning_rate_factor", None)  # where the schedule stands
    return {
        "optimizer": type(state.optimizer).__name__,
        **{f"optimizer.{name}": number for name, number in numbers.items()},
        "schedule": _name_of(state.schedule),
        "columns": state.columns,
        **state.settings,
        "callbacks": [type(callback).__name__ for callback in _stateful(state.callbacks)],
    }


def write_checkpoint(state: TrainingState, path: PathLike, settings: Mapping[str, Any]) -> None:
    """Write where training stands; ``settings`` are those of :func:`settings_of` at its begin."""
    parts = {"optimizer": state.optimizer.state_dict()}
    for i, callback in enumerate(_stateful(state.callbacks)):
        parts[f"callbacks.{i}"] = callback.state_dict()
    schedule: Any = state.schedule
    if hasattr(schedule, "state_dict"):
        parts["schedule"] = schedule.state_dict()
    arrays = state.model.state_dict()
    numbers = {}
    for part, values in parts.items():
        numbers[part], own = _numbers_and_arrays(values)
        arrays |= {f"{TRAINING}/{part}/{name}": array for name, array in own.items()}
    training = {
        "settings": settings,
        "epoch": state.epoch,
        "step": state.step,
        "stop_reason": state.stop_reason,
        "numbers": numbers,
        "random_states": {
            name: written_random_state(rng) for name, rng in _generators(state).items()
        },
        "history": written_history(state.history),
    }
    network = state.network
    if network is not None:
        arrays |= as_arrays(network._standardizer)
    description = model_description({}) if network is None else network_description(network)
    write_file(path, arrays, {**description, TRAINING: training})


def resume_from(path: PathLike, state: TrainingState) -> None:
    """Bring training to where a checkpoint was written.

    Parameters
    ----------
    path : path-like
        The checkpoint.
    state : TrainingState
        Of the call that goes on, after its callbacks were told that it begins.

    Raises
    ------
    ModelFileError
        If the file is damaged, is no checkpoint, or is one of other training: another network,
        other settings, or other callbacks that have a state. Model and history are then as they
        were.
    OSError
        If there is no file, or it cannot be read.
    """
    arrays, description = read_file(path)
    check_format(path, description, MODEL if state.network is None else NETWORK)
    if TRAINING not in description:
        raise ModelFileError(
            f"{os.fspath(path)} is a saved model and no checkpoint: it does not say where training "
            "stood. Write one with callbacks=[nn.Checkpoint(path)]; to train a saved model "
            "further, load it, and call fit without resume"
        )
    before = state.model.state_dict()
    try:
        _check_same(state, path, description)
        _restore(state, arrays, description[TRAINING])
    except ModelFileError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        state.model.load_state_dict(before)
        raise ModelFileError(
            f"{os.fspath(path)} is no checkpoint of this training: {error!r}"
        ) from error


def _check_same(state: TrainingState, path: PathLike, description: Mapping[str, Any]) -> None:
    """Check that it is the training of which the checkpoint is."""
    saved = dict(description[TRAINING]["settings"])
    given = settings_of(state)
    if state.network is not None:
        saved |= description["network"]
        given |= network_description(state.network)["network"]
    different = [
        f"{name} was {saved.get(name)!r} and is {given.get(name)!r}"
        for name in {**saved, **given}
        if saved.get(name) != given.get(name)
    ]
    if different:
        raise ModelFileError(
            f"{os.fspath(path)} is a checkpoint of other training: {'; '.join(different)}. Resume "
            "with what it was begun with; to go on with other settings, load the file with "
            "NeuralNetwork.load or nn.load_model, and train without resume"
        )


def _restore(
    state: TrainingState, arrays: Mapping[str, np.ndarray], training: Mapping[str, Any]
) -> None:
    """Change all of it, the model and what is read from elsewhere first."""
    history = read_history(training["history"])
    random_states = {
        name: read_random_state(saved).bit_generator.state
        for name, saved in training["random_states"].items()
    }
    generators = _generators(state)
    if random_states.keys() != generators.keys():
        raise ValueError(f"it has random numbers of {', '.join(random_states)}")
    epoch, step, stop_reason = training["epoch"], training["step"], training["stop_reason"]
    if type(epoch) is not int or type(step) is not int or epoch < 0 or step < 0:
        raise ValueError("epoch or step is not a count")
    parts = {
        part: {name: read_number(number) for name, number in numbers.items()}
        | _arrays_of(part, arrays)
        for part, numbers in training["numbers"].items()
    }
    parameters = model_arrays(arrays)
    check_finite(_arrays_of("optimizer", arrays))
    if state.network is not None:
        check_finite(parameters)
    state.model.load_state_dict(parameters)
    state.optimizer.load_state_dict(parts["optimizer"])
    for i, callback in enumerate(_stateful(state.callbacks)):
        callback.load_state_dict(parts[f"callbacks.{i}"])
    schedule: Any = state.schedule
    if hasattr(schedule, "load_state_dict"):
        schedule.load_state_dict(parts["schedule"])
    for name, generator in generators.items():
        generator.bit_generator.state = random_states[name]
    _replace(state.history, history)
    state.epoch, state.step, state.stop_reason = epoch, step, stop_reason


# -------------------------------------------------------------------------------------- the parts


def _stateful(callbacks: Iterable[Callback]) -> list[Callback]:
    """Those that have something to remember."""
    return [c for c in callbacks if type(c).state_dict is not Callback.state_dict]


def _generators(state: TrainingState) -> dict[str, np.random.Generator]:
    """Whatever training draws random numbers from, by name."""
    generators = {} if state.rng is None else {SHUFFLING: state.rng}
    return {**generators, **dict(state.model.named_generators())}


def _name_of(schedule: Any) -> str | None:
    """A schedule with its settings, or a function by its name, without where it is in memory."""
    return None if schedule is None else re.sub(r" at 0x[0-9A-Fa-f]+", "", repr(schedule))


def _numbers_and_arrays(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What a state consists of: numbers as JSON can hold them, and arrays."""
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    numbers = {name: written_number(value) for name, value in values.items() if name not in arrays}
    return numbers, arrays


def _arrays_of(part: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    start = f"{TRAINING}/{part}/"
    return {name.removeprefix(start): arrays[name] for name in arrays if name.startswith(start)}


def _replace(history: History, columns: History) -> None:
    history.clear()
    history.update(columns)
