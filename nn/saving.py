"""Saving and loading: one safetensors file, never pickle."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from nn.checks import positive_integer
from nn.documents import read_history, read_random_state, written_history, written_random_state
from nn.files import FLOATS, ModelFileError, PathLike, read_file, write_file
from nn.module import Module
from nn.specification import checked_layers
from nn.standardization import PREFIX as STANDARDIZER
from nn.standardization import Standardizer, as_arrays, from_arrays

if TYPE_CHECKING:
    from nn.network import NeuralNetwork

__all__ = ["ModelFileError", "load_metadata", "load_model", "save_model"]

FORMAT_VERSION = 1
"""It changes when what older versions of this package read would no longer be right."""

MODEL, NETWORK = "nn.Module", "nn.NeuralNetwork"
"""What a file may hold."""

TRAINING = "training"
"""What a checkpoint adds to a description, and how the names of its arrays begin."""

M = TypeVar("M", bound=Module)
N = TypeVar("N", bound="NeuralNetwork")


def save_model(
    model: Module,
    path: PathLike,
    metadata: Mapping[str, Any] | None = None,
    *,
    dtype: DTypeLike | None = None,
) -> None:
    """Write the parameters of a module to a file, which any tool for safetensors opens.

    The file appears, or takes the place of an older one, in one step: after a crash it is the old
    one or the new one. The same contents give the same bytes.

    Parameters
    ----------
    model : Module
        What its ``state_dict()`` holds is saved; code is not.
    path : path-like
        By custom it ends in ``.safetensors``.
    metadata : mapping, optional
        What is to be kept with the parameters, such as what the model was made with: anything that
        JSON can hold. :func:`load_metadata` gives it back.
    dtype : dtype, optional
        Store floating-point numbers as float16, float32 or float64, whatever the model computes in.

    Raises
    ------
    TypeError, ValueError
        If metadata are not JSON, or a parameter is too large for ``dtype``.
    OSError
        If the file cannot be written. What was there before is then as it was.

    Examples
    --------
    >>> import tempfile
    >>> from nn import Linear, load_metadata, load_model, save_model
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = f"{directory}/layer.safetensors"
    ...     save_model(Linear(2, 3, rng=0), path, {"inputs": 2, "outputs": 3})
    ...     settings = load_metadata(path)
    ...     layer = load_model(Linear(settings["inputs"], settings["outputs"]), path)
    >>> bool((layer.weight.data == Linear(2, 3, rng=0).weight.data).all())
    True
    """
    description = model_description({} if metadata is None else dict(metadata))
    write_file(path, _stored(model.state_dict(), dtype), description)


def load_model(model: M, path: PathLike, *, verify: bool = True) -> M:
    """Read parameters from a file into a module that was made as the saved one was.

    No code of the file is run, whoever wrote it.

    Parameters
    ----------
    model : Module
        Its parameters are overwritten, each cast to the dtype that it has.
    path : path-like
        What :func:`save_model`, ``NeuralNetwork.save`` or a checkpoint wrote.
    verify : bool
        Compare the checksum. Without, any safetensors file is read whose arrays fit the model.

    Returns
    -------
    Module
        The given one.

    Raises
    ------
    ModelFileError
        If the file is damaged, not one of this package, or does not fit the model, which is then
        as it was.
    OSError
        If there is no file, or it cannot be read.
    """
    arrays, description = read_file(path, verify=verify)
    if "format_version" in description:
        _check_version(path, description)
    _load_into(model, model_arrays(arrays), path)
    return model


def load_metadata(path: PathLike) -> dict[str, Any]:
    """What :func:`save_model` was given as ``metadata``.

    Raises
    ------
    ModelFileError
        If the file is damaged, or not one that :func:`save_model` wrote.
    OSError
        If there is no file, or it cannot be read.
    """
    _, description = read_file(path)
    check_format(path, description, MODEL)
    return description["metadata"]


def save_network(network: NeuralNetwork, path: PathLike, dtype: DTypeLike | None = None) -> None:
    """Write a network; see :meth:`nn.NeuralNetwork.save`."""
    arrays = network.model.state_dict()
    _check_fit_of(network)
    check_finite(arrays)
    arrays = _stored(arrays, dtype) | as_arrays(network._standardizer)
    write_file(path, arrays, network_description(network))


def load_network(cls: type[N], path: PathLike) -> N:
    """Read a network; see :meth:`nn.NeuralNetwork.load`."""
    all_arrays, description = read_file(path)
    check_format(path, description, NETWORK)
    arrays = model_arrays(all_arrays)
    description.pop(TRAINING, None)
    try:
        check_finite(arrays)
        network = _new_network(cls, description["network"], arrays)
        network.history = read_history(description["history"])
        network._rng = read_random_state(description["random_state"])
        network._standardizer = _read_standardizer(network, all_arrays)
    except (KeyError, TypeError, ValueError) as error:
        missing = "it lacks " if isinstance(error, KeyError) else ""
        raise ModelFileError(f"{path} does not describe a network: {missing}{error}") from error
    if network_description(network) != description:
        raise ModelFileError(f"{path} describes a network otherwise than this package does")
    _load_into(network.model, arrays, path)
    return network


# ---------------------------------------------------------------------------------- descriptions


def model_description(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says of any module, beside its parameters."""
    return {"format": MODEL, "format_version": FORMAT_VERSION, "metadata": metadata}


def network_description(network: NeuralNetwork) -> dict[str, Any]:
    """What a file says of a network, beside its parameters."""
    return {
        "format": NETWORK,
        "format_version": FORMAT_VERSION,
        "network": {
            "input_dim": network.input_dim,
            "layer_spec": [list(layer) for layer in network.layer_spec],
            "loss_func": network.loss_func,
            "dtype": network.dtype.name,
            "seed": network.seed,
            "standardize": network.standardize,
        },
        "history": written_history(network.history),
        "random_state": written_random_state(network._rng),
    }


def _new_network(cls: type[N], settings: Any, arrays: Mapping[str, np.ndarray]) -> N:
    """The network that the settings describe, with weights that are still random."""
    settings = dict(settings)
    dtype = settings.pop("dtype")
    if dtype not in ("float32", "float64"):
        raise ValueError(f"the dtype is {dtype!r}, expected float32 or float64")
    widths = [width for width, _ in checked_layers(settings["layer_spec"])]
    dimensions = [positive_integer(settings["input_dim"], "input_dim"), *widths]
    needed = sum(inputs * outputs for inputs, outputs in itertools.pairwise(dimensions))
    held = sum(array.size for array in arrays.values())
    if needed > held:  # before so much memory is taken
        raise ValueError(f"it says that there are {needed} weights or more, and holds {held}")
    return cls(**settings, dtype=dtype)


def check_format(path: PathLike, description: Mapping[str, Any], expected: str) -> None:
    """Check that a file holds what is expected, in a version that is known here.

    Raises
    ------
    ModelFileError
        If it does not; the message says how to read what it holds.
    """
    held = description.get("format")
    if held != expected:
        loader = "NeuralNetwork.load(path)" if held == NETWORK else "nn.load_model(model, path)"
        raise ModelFileError(f"{path} holds {held!r}, expected {expected!r}; try {loader}")
    _check_version(path, description)


def _check_version(path: PathLike, description: Mapping[str, Any]) -> None:
    version = description.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        raise ModelFileError(
            f"{path} is in version {version!r} of the format, and this package reads version "
            f"{FORMAT_VERSION}; load it with the version of the package that wrote it"
        )


# ---------------------------------------------------------------------------------------- arrays


def _stored(arrays: Mapping[str, np.ndarray], dtype: DTypeLike | None) -> dict[str, np.ndarray]:
    """The arrays as a file is to hold them: floating-point numbers in the given dtype."""
    if dtype is None:
        return dict(arrays)
    storage = np.dtype(dtype)
    if storage.name not in FLOATS:
        raise ValueError(f"dtype is {storage}, expected one of {', '.join(FLOATS)}")
    stored = {}
    for name, array in arrays.items():
        if array.dtype.kind == "f":
            with np.errstate(over="ignore", under="ignore"):
                cast = array.astype(storage)
            lost = np.isfinite(array) & ~np.isfinite(cast)
            if lost.any():
                raise ValueError(f"{name} holds {array[lost][0]}, which {storage} cannot hold")
            array = cast
        stored[name] = array
    return stored


def model_arrays(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Those of the model, without what a network and a checkpoint add."""
    added = (f"{TRAINING}/", STANDARDIZER)
    return {name: arrays[name] for name in arrays if not name.startswith(added)}


def _read_standardizer(
    network: NeuralNetwork, arrays: Mapping[str, np.ndarray]
) -> Standardizer | None:
    target_dim = network.output_dim if network._task.classes_of is None else None
    standardizer = from_arrays(arrays, network.input_dim, target_dim)
    if standardizer is not None and not network.standardize:
        raise ValueError("it holds a standardizer, and says that there is none")
    return standardizer


def check_finite(arrays: Mapping[str, np.ndarray]) -> None:
    """Check that there is no NaN and no infinity.

    Raises
    ------
    ValueError
        If there is one.
    """
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ValueError(f"{name} holds {array[~np.isfinite(array)][0]}, expected numbers")


def _check_fit_of(network: NeuralNetwork) -> None:
    """Check that the layers are still those that the network was made with."""
    described = network._new_model(np.random.default_rng(0))
    if repr(described) != repr(network.model):
        raise ValueError(
            "the layers of this network are no longer those of its layer_spec, and a file would "
            "give back the latter; save the layers with nn.save_model(network.model, path)"
        )


def _load_into(model: Module, arrays: Mapping[str, np.ndarray], path: PathLike) -> None:
    try:
        model.load_state_dict(arrays)
    except ValueError as error:
        raise ModelFileError(f"{path}: {error}") from error
