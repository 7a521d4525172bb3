"""Saving and loading: what comes back is what was saved, and the file is good for other tools."""

import json
import os
import stat
import subprocess
import sys

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

import nn
from nn import Linear, ModelFileError, Module, NeuralNetwork, Parameter, Sequential
from nn.files import read_file, replace_file, write_file

X = np.random.default_rng(0).normal(size=(40, 2))
Y = (X[:, 0] > X[:, 1]).astype(int)

NETWORKS = {
    "binary": (2, [[4, "tanh"], [1, "sigmoid"]], "binary_log_loss"),
    "multiclass": (2, [[4, "ReLU"], [3, "GeLU"], [2, "softmax"]], "multiclass_log_loss"),
    "regression": (2, [[4, "sigmoid"], [1, "identity"]], "l2"),
    "one layer": (2, [[1, "identity"]], "l2"),
}


def trained(kind="binary", seed=0, dtype="float32"):
    return NeuralNetwork(*NETWORKS[kind], seed=seed, dtype=dtype).fit(X, Y, epochs=3)


def contents(network):
    """Everything that makes a network what it is."""
    return (
        repr(network),
        repr(network.model),
        network.dtype,
        network.seed,
        [(p.dtype, p.data.tobytes()) for p in network.parameters()],
        network.history,
        network._rng.bit_generator.state,
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.safetensors"


# ------------------------------------------------------------------------------------- round trips


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_loaded_network_is_the_saved_one(path, kind, dtype):
    network = trained(kind, dtype=dtype)
    network.save(path)
    loaded = NeuralNetwork.load(path)
    assert contents(loaded) == contents(network)
    assert np.array_equal(loaded.transform(X), network.transform(X))
    assert str(loaded) == str(network)


def test_a_loaded_network_goes_on_training_as_the_saved_one(path):
    network = trained(seed=None)
    network.save(path)
    loaded = NeuralNetwork.load(path)
    assert contents(loaded.fit(X, Y, epochs=2)) == contents(network.fit(X, Y, epochs=2))
    assert loaded.epochs_trained == 5


def test_an_untrained_network_can_be_saved(path):
    network = NeuralNetwork(*NETWORKS["binary"])
    network.save(path)
    assert contents(NeuralNetwork.load(path)) == contents(network)


def test_the_parameters_of_a_loaded_network_are_one_array(path):
    trained().save(path)
    loaded = NeuralNetwork.load(path)
    assert len({id(parameter.data.base) for parameter in loaded.parameters()}) == 1
    assert all(parameter.data.flags.writeable for parameter in loaded.parameters())


def test_reset_after_loading_starts_where_the_seed_does(path):
    trained(seed=7).save(path)
    fresh = NeuralNetwork(*NETWORKS["binary"], seed=7)
    assert contents(NeuralNetwork.load(path).reset()) == contents(fresh)


def test_history_may_hold_what_is_not_finite(path):
    network = trained()
    network.history["other"] = [float("nan"), float("inf"), -float("inf")]
    network.save(path)
    assert repr(NeuralNetwork.load(path).history) == repr(network.history)


def test_loading_in_another_process(path):
    network = trained()
    network.save(path)
    code = (
        "import sys, nn; network = nn.NeuralNetwork.load(sys.argv[1]);"
        "print(network.transform([[0.2, -0.1]]).tobytes().hex())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == network.transform([[0.2, -0.1]]).tobytes().hex()


def test_a_subclass_loads_as_itself(path):
    class Mine(NeuralNetwork):
        pass

    trained().save(path)
    assert type(Mine.load(path)) is Mine


# ----------------------------------------------------------------------------------------- storage


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_float16_storage(path, dtype):
    network = trained(dtype=dtype)
    network.save(path, dtype=np.float16)
    assert {array.dtype for array in load_file(path).values()} == {np.dtype(np.float16)}
    loaded = NeuralNetwork.load(path)
    for parameter, original in zip(loaded.parameters(), network.parameters(), strict=True):
        assert parameter.dtype == original.dtype == dtype
        assert np.array_equal(parameter.data, original.data.astype(np.float16))
    assert np.allclose(loaded.transform(X), network.transform(X), atol=2e-3)


def test_storage_that_cannot_hold_a_parameter_is_refused(path):
    network = trained()
    network.parameters()[0].data[0, 1] = 70_000
    with pytest.raises(ValueError, match=r"layers.0.weight holds 70000.0, which float16 cannot"):
        network.save(path, dtype=np.float16)
    with pytest.raises(ValueError, match="dtype is int8, expected one of float16"):
        network.save(path, dtype="int8")
    assert not path.exists()


# ---------------------------------------------------------------------------------------- the file


def test_other_tools_open_the_file(path):
    network = trained()
    network.save(path)
    state = network.model.state_dict()
    arrays = load_file(path)
    assert (
        arrays.keys()
        == state.keys()
        == {f"layers.{i}.{p}" for i in (0, 2) for p in ("weight", "bias")}
    )
    assert all(np.array_equal(arrays[name], state[name]) for name in state)
    with safe_open(path, "np") as file:
        description = json.loads(file.metadata()["nn"])
    assert description["format"] == "nn.NeuralNetwork"
    assert description["network"] == {
        "input_dim": 2,
        "layer_spec": [[4, "tanh"], [1, "sigmoid"]],
        "loss_func": "binary_log_loss",
        "dtype": "float32",
        "seed": 0,
        "standardize": False,
    }
    assert description["history"] == network.history


def test_the_same_network_gives_the_same_bytes(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    trained().save(first)
    trained().save(second)
    assert first.read_bytes() == second.read_bytes()
    NeuralNetwork.load(first).save(second)
    assert first.read_bytes() == second.read_bytes()


def test_what_a_file_cannot_describe_is_not_saved(path):
    network = trained()
    network.model.layers[1] = nn.ReLU()
    with pytest.raises(ValueError, match=r"no longer those of its layer_spec.*nn.save_model"):
        network.save(path)
    network = trained()
    network.parameters()[1].data[0] = np.nan
    with pytest.raises(ValueError, match=r"layers.0.bias holds nan"):
        network.save(path)
    assert not path.exists()


# --------------------------------------------------------------------------------- writing safely


def test_a_file_is_replaced_and_nothing_else_is_left(path):
    path.write_bytes(b"old")
    path.chmod(0o640)
    trained().save(path)
    assert NeuralNetwork.load(path).epochs_trained == 3
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_what_was_there_survives_a_failure(path, monkeypatch, failing):
    trained().save(path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(*((os, "fsync") if failing == "fsync" else (type(path), "replace")), fail)
    with pytest.raises(OSError, match="no space left"):
        trained(seed=1).save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_places_that_are_no_files(tmp_path):
    network = trained()
    with pytest.raises(IsADirectoryError, match="expected a file"):
        network.save(tmp_path)
    with pytest.raises(IsADirectoryError, match="expected a file"):
        NeuralNetwork.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        network.save(tmp_path / "nowhere" / "network")
    with pytest.raises(FileNotFoundError):
        NeuralNetwork.load(tmp_path / "nothing")
    with pytest.raises(TypeError, match=r"expected str, bytes or os.PathLike"):
        network.save(3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="pipe or a socket, expected a file"):
        NeuralNetwork.load(pipe)
    with pytest.raises(OSError, match="pipe or a socket, expected a file"):
        trained().save(pipe)


@pytest.mark.skipif(os.name != "posix", reason="links need a permission here")
def test_a_link_stays_a_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target.name)
    network = trained()
    network.save(link)
    assert link.is_symlink()
    assert contents(NeuralNetwork.load(target)) == contents(NeuralNetwork.load(link))
    looping = tmp_path / "loop"
    looping.symlink_to(looping.name)
    with pytest.raises(OSError, match="loop"):
        NeuralNetwork.load(looping)


def test_strings_are_paths(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained().save("network")
    assert NeuralNetwork.load("network").epochs_trained == 3
    replace_file("notes", b"text")
    assert (tmp_path / "notes").read_bytes() == b"text"


# ------------------------------------------------------------------------------------ any module


class Scale(Module):
    def __init__(self, width, dtype=np.float32):
        self.factor = Parameter(np.ones(width, dtype))
        self.parts = {"inner": [Linear(width, width, rng=0, dtype=dtype)], "shared": self.factor}

    def forward(self, x):
        return self.factor * self.parts["inner"][0](x)


def test_any_module(path):
    model = Scale(3)
    model.factor.data[:] = [1, np.inf, np.nan]  # a researcher may want to look at these
    nn.save_model(model, path, {"width": 3, 1: (1.5, None)})
    settings = nn.load_metadata(path)
    assert settings == {"width": 3, "1": [1.5, None]}
    fresh = Scale(settings["width"])
    assert nn.load_model(fresh, path) is fresh
    state = fresh.state_dict()
    assert all(
        array.tobytes() == state[name].tobytes() for name, array in model.state_dict().items()
    )


def test_a_model_takes_the_layers_of_a_network(path):
    network = trained()
    network.save(path)
    model = Sequential(Linear(2, 4), nn.Tanh(), Linear(4, 1))
    assert np.array_equal(
        nn.load_model(model, path)(X.astype("f4")).data, network.model(X.astype("f4")).data
    )


def test_dtypes_are_those_of_the_model(path):
    nn.save_model(Scale(2, np.float64), path, dtype="float16")
    assert nn.load_model(Scale(2), path).factor.dtype == np.float32


def test_a_file_that_does_not_fit_changes_nothing(path):
    nn.save_model(Scale(3), path)
    model = Scale(2)
    model.factor.data[:] = 7
    with pytest.raises(ModelFileError, match=r"factor has shape \(3,\), expected \(2,\)"):
        nn.load_model(model, path)
    assert np.array_equal(model.factor.data, [7, 7])


def test_files_of_other_tools(path):
    save_file({"weight": np.ones((2, 1), "f4"), "bias": np.zeros(1, "f4")}, path, {"format": "np"})
    with pytest.raises(ModelFileError, match="of another tool"):
        nn.load_model(Linear(2, 1), path)
    layer = nn.load_model(Linear(2, 1), path, verify=False)
    assert np.array_equal(layer.weight.data, [[1], [1]])


def test_wrong_settings():
    with pytest.raises(TypeError, match="not JSON serializable"):
        nn.save_model(Linear(1, 1), "unused", {"array": np.ones(2)})
    with pytest.raises(ValueError, match="not JSON compliant"):
        nn.save_model(Linear(1, 1), "unused", {"number": float("nan")})


def test_kinds_of_files_are_told_apart(path):
    nn.save_model(Linear(2, 1), path)
    with pytest.raises(ModelFileError, match=r"holds 'nn.Module'.*try nn.load_model"):
        NeuralNetwork.load(path)
    trained().save(path)
    with pytest.raises(ModelFileError, match=r"holds 'nn.NeuralNetwork'.*try NeuralNetwork.load"):
        nn.load_metadata(path)


# ------------------------------------------------------------------------------------------ arrays


@pytest.mark.parametrize(
    "array",
    [
        np.array(2.5),
        np.zeros((0, 3)),
        np.arange(6.0).reshape(2, 3).T,
        np.arange(8.0)[::-2],
        np.arange(3, dtype=">f8"),
        np.array([True, False]),
        np.arange(3, dtype="u2"),
        np.float16([1, 2]),
    ],
    ids=lambda array: f"{array.dtype.str}{array.shape}",
)
def test_arrays_come_back(path, array):
    write_file(path, {"ä b": array}, {})
    arrays, description = read_file(path)
    assert description == {}
    assert arrays["ä b"].dtype == array.dtype.newbyteorder("=")
    assert np.array_equal(arrays["ä b"], array)
    assert arrays["ä b"].shape == array.shape


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array([1j])])
def test_arrays_that_a_file_cannot_hold(path, array):
    with pytest.raises(TypeError, match=r"x has dtype .* expected one of bool"):
        write_file(path, {"x": array}, {})
    assert not path.exists()
