"""Files that are damaged, foreign or made to do harm: refused with a reason, at no great cost."""

import json
import os
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest
from damaged_documents import damaged_document
from safetensors.numpy import save

from nn import Linear, ModelFileError, NeuralNetwork, load_model
from nn.files import read_file, write_file

MOST_MEMORY = 20_000_000
"""In bytes: thousands of times what the files of these tests have."""

SPEC = (2, [[4, "tanh"], [3, "softmax"]], "multiclass_log_loss")


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)  # none of these files is to survive a crash
    return tmp_path / "network.safetensors"


@pytest.fixture
def network(path):
    rng = np.random.default_rng(0)
    network = NeuralNetwork(*SPEC, seed=0)
    network.fit(rng.normal(size=(20, 2)), rng.integers(0, 3, 20), epochs=3)
    network.save(path)
    return network


def contents(network):
    return (
        repr(network),
        network.dtype,
        network.seed,
        [p.data.tobytes() for p in network.parameters()],
        network.history,
        network._rng.bit_generator.state,
    )


def header_of(file):
    stop = 8 + int.from_bytes(file[:8], "little")
    return json.loads(file[8:stop]), file[stop:]


@contextmanager
def little_memory(measured=True):
    """Assert that no more is allocated at a time than ``MOST_MEMORY``."""
    if not measured:  # it makes everything slow
        yield
        return
    tracemalloc.start()
    try:
        yield
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST_MEMORY


def put(path, file):
    """Write a new file; some file systems take a hundred times as long to overwrite an old one."""
    path.unlink(missing_ok=True)
    path.write_bytes(file)


def file_of(header, data=b""):
    """A safetensors file, whatever it is that its header says."""
    text = header.encode() if isinstance(header, str) else header
    return len(text).to_bytes(8, "little") + text + data


# ------------------------------------------------------------------------------------- 2,000 files


def damaged_bytes(file, rng):
    """The bytes of a file as a bad disk, a bad line or an editor may leave them."""
    file = bytearray(file)
    start, stop = sorted(int(i) for i in rng.integers(0, len(file) + 1, 2))
    match rng.integers(8):
        case 0 | 1:
            file[rng.integers(len(file))] ^= 1 << int(rng.integers(8))
        case 2:
            del file[start:]
        case 3:
            del file[start:stop]
        case 4:
            file[start:stop] = bytes(stop - start)
        case 5:
            file[start:start] = rng.bytes(int(rng.integers(1, 20)))
        case 6:
            file[stop:stop] = file[start:stop]
        case 7:
            file[:8] = rng.bytes(int(rng.integers(1, 9))).ljust(8, b"\0")
    return bytes(file)


def damaged_header(file, rng):
    header, data = header_of(file)
    return file_of(json.dumps(damaged_document(header, rng)), data)


def signed_again(file, rng, path):
    """A file whose checksum is right, by somebody who knows how it is computed."""
    put(path, file)
    arrays, description = read_file(path)
    arrays = dict(arrays)
    name = list(arrays)[rng.integers(len(arrays))]
    array = arrays[name]
    match rng.integers(8):
        case 0:
            del arrays[name]
        case 1:
            arrays[f"{name}!"] = array
        case 2:
            arrays[name] = np.where(
                rng.random(array.shape) < 0.5, array, [np.nan, np.inf][rng.integers(2)]
            )
        case 3:
            arrays[name] = array.reshape(*array.shape[::-1], *[1] * int(rng.integers(2)))
        case 4:
            arrays[name] = array.astype(["f8", "f2", "i4", "?"][rng.integers(4)])
        case _:
            description = damaged_document(description, rng)
    path.unlink()
    write_file(path, arrays, description)
    return path.read_bytes()


def test_two_thousand_damaged_files(path, network, tmp_path):
    rng = np.random.default_rng(0)
    original = path.read_bytes()
    right, loaded = contents(network), 0
    messages = []
    for i in range(2000):
        kind = i % 5
        if kind < 3:
            file = damaged_bytes(original, rng)
        elif kind == 3:
            file = damaged_header(original, rng)
        else:
            file = signed_again(original, rng, path)
        put(path, file)
        try:
            with little_memory(kind == 4):
                result = NeuralNetwork.load(path)
        except ModelFileError as error:
            messages.append(str(error))
        else:
            loaded += 1
            if kind < 4:
                assert contents(result) == right
            else:
                assert_it_says_what_it_is(path, result, tmp_path / "again")
    assert len(messages) + loaded == 2000
    assert all(message.startswith(str(path)) for message in messages)
    assert loaded < 200


def assert_it_says_what_it_is(path, network, again):
    """Loaded is what the file says: saved again, it says the same."""
    arrays, description = read_file(path)
    again.unlink(missing_ok=True)
    network.save(again)
    arrays_again, description_again = read_file(again)
    assert description_again == description
    assert arrays_again.keys() == arrays.keys()
    for name, array in arrays.items():
        assert np.isfinite(array).all()
        assert np.array_equal(arrays_again[name], array)


def test_every_bit_of_the_weights_counts(path, network):
    original = path.read_bytes()
    _, data = header_of(original)
    start = len(original) - len(data)
    for i in range(8 * start, 8 * len(original), 5):
        file = bytearray(original)
        file[i // 8] ^= 1 << i % 8
        put(path, file)
        with pytest.raises(ModelFileError, match="checksum"):
            NeuralNetwork.load(path)


def test_every_cut(path, network):
    original = path.read_bytes()
    for length in range(len(original)):
        put(path, original[:length])
        with pytest.raises(ModelFileError):
            NeuralNetwork.load(path)


# -------------------------------------------------------------------------------------- one by one


def described(**changes):
    """The description of the network of these tests, with changes."""
    description = {
        "format": "nn.NeuralNetwork",
        "format_version": 1,
        "network": {
            "input_dim": 2,
            "layer_spec": [[1, "identity"]],
            "loss_func": "l2",
            "dtype": "float32",
            "seed": None,
            "standardize": False,
        },
        "history": {"loss": []},
        "random_state": np.random.default_rng(0).bit_generator.state,
    }
    network = {**description["network"], **changes.pop("network", {})}
    return {**description, "network": network, **changes}


ARRAYS = {"layers.0.weight": np.ones((2, 1), "f4"), "layers.0.bias": np.ones(1, "f4")}
STATE = np.random.default_rng(0).bit_generator.state


def test_the_description_of_these_tests_is_a_good_one(path):
    write_file(path, ARRAYS, described())
    assert NeuralNetwork.load(path).predict([1, 2]) == 4


SIGNED = {
    "newer": (described(format_version=2), "version 2 .* reads version 1"),
    "version of a wrong type": (described(format_version=True), "version True"),
    "no version": ({"format": "nn.NeuralNetwork"}, "version None"),
    "no format": ({}, "holds None"),
    "odd format": (described(format=["nn.NeuralNetwork"]), r"holds \['nn.Neural"),
    "unknown activation": (
        described(network={"layer_spec": [[1, "sine"]]}),
        "unknown activation 'sine'",
    ),
    "unknown loss": (described(network={"loss_func": "l3"}), "loss_func is 'l3'"),
    "unknown dtype": (described(network={"dtype": "O"}), "dtype is 'O'"),
    "unknown setting": (described(network={"more": 1}), "more"),
    "no layers": (described(network={"layer_spec": []}), "layer_spec is empty"),
    "layers that are none": (described(network={"layer_spec": [3]}), r"layer_spec\[0\] is 3"),
    "loss of another task": (described(network={"loss_func": "binary_log_loss"}), "does not go"),
    "more weights than bytes": (
        described(network={"input_dim": 10**12}),
        "1000000000000 weights or more, and holds 3",
    ),
    "text for a width": (
        described(network={"input_dim": 10**9, "layer_spec": [["x" * 9, "identity"]]}),
        "expected a positive integer",
    ),
    "negative dimension": (described(network={"input_dim": -2}), "at least 1"),
    "another shape": (
        described(network={"input_dim": 1, "layer_spec": [[2, "identity"]]}),
        r"shape \(2, 1\), expected \(1, 2\)",
    ),
    "no network": (described() | {"network": 3}, "does not describe a network"),
    "no history": (described(history=None), "the history has no losses"),
    "history of text": (described(history={"loss": "NaN"}), "not a list"),
    "history of lists": (described(history={"loss": [[1]]}), r"\[1\] in the place of a number"),
    "generator": (described(random_state={**STATE, "bit_generator": "system"}), "'system' is unk"),
    "random state": (described(random_state={**STATE, "has_uint32": 2}), "has_uint32"),
    "even increment": (
        described(random_state={**STATE, "state": {"state": 1, "inc": 2}}),
        "inc of the random state is even",
    ),
    "no random state": (described(random_state={}), "it lacks 'bit_generator'"),
}


@pytest.mark.parametrize("case", SIGNED)
def test_a_checksum_does_not_make_it_right(path, case):
    description, message = SIGNED[case]
    write_file(path, ARRAYS, description)
    with pytest.raises(ModelFileError, match=message):
        NeuralNetwork.load(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_parameters_that_are_not_finite(path, value):
    write_file(path, ARRAYS | {"layers.0.bias": np.float32([value])}, described())
    with pytest.raises(ModelFileError, match=f"layers.0.bias holds {value}"):
        NeuralNetwork.load(path)


DEEP = "[" * 100_000 + "]" * 100_000
ENTRY = '{"__metadata__":{"nn":%s}}'

FILES = {
    "empty": (b"", "it is empty"),
    "short": (b"abc", "not a safetensors file"),
    "text": (b"import os; os.system('true')", "not a safetensors file"),
    "pickle": (b"\x80\x04\x95" + bytes(100), "not a safetensors file"),
    "zip": (b"PK\x03\x04" + bytes(100), "not a safetensors file"),
    "long header": (b"\xff" * 8 + b"{}", "not a safetensors file"),
    "header longer than the file": ((10**7).to_bytes(8, "little") + b"{}", "cut off"),
    "no header": (file_of("") + b"{", "damaged"),
    "no JSON": (file_of("{]"), "damaged"),
    "not UTF-8": (file_of(b'{"\xff": 1}'), "damaged"),
    "deep header": (file_of('{"a":' + DEEP + "}"), "damaged"),
    "of another tool": (save({"a": np.ones(3)}, {"format": "pt"}), "another tool"),
    "without metadata": (file_of("{}"), "another tool"),
    "metadata twice": (file_of('{"__metadata__":{},"__metadata__":{}}'), "twice|damaged"),
    "key twice": (file_of('{"__metadata__":{"nn":"{}","nn":"{}"}}'), "twice"),
    "key of the description twice": (
        file_of(ENTRY % json.dumps('{"sha256":1,"sha256":1}')),
        "a key stands there twice",
    ),
    "deep description": (file_of(ENTRY % json.dumps(DEEP)), "recursion"),
    "description that is none": (file_of(ENTRY % '"[]"'), "a list, expected an object"),
    "NaN in the description": (file_of(ENTRY % json.dumps('{"a":NaN}')), "it holds NaN"),
    "a long number": (file_of(ENTRY % json.dumps('{"a":' + "9" * 5000 + "}")), "4300 digits"),
    "many lists": (file_of(ENTRY % json.dumps("[" * 1_000_001)), "more than 1000000 lists"),
    "no checksum": (file_of(ENTRY % '"{}"'), "checksum"),
    "no metadata but a hole": (
        file_of('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', bytes(8)),
        "damaged",
    ),
    "two arrays in one place": (
        file_of(
            '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
            '"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}',
            bytes(4),
        ),
        "damaged",
    ),
    "a dtype NumPy lacks": (
        file_of('{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}', bytes(2)),
        "BF16",
    ),
    "a shape NumPy lacks": (
        file_of(
            '{"a":{"dtype":"F32","shape":[0,'
            + "9" * 18
            + ","
            + "9" * 18
            + '],"data_offsets":[0,0]}}'
        ),
        "damaged|cannot have",
    ),
    "100 axes": (
        file_of('{"a":{"dtype":"U8","shape":[' + "1," * 99 + '1],"data_offsets":[0,1]}}', b"1"),
        "cannot have",
    ),
}


@pytest.mark.parametrize("load", [NeuralNetwork.load, lambda path: load_model(Linear(2, 1), path)])
@pytest.mark.parametrize("case", FILES)
def test_files_that_are_no_models(path, case, load):
    file, message = FILES[case]
    path.write_bytes(file)
    with pytest.raises(ModelFileError, match=message), little_memory():
        load(path)
