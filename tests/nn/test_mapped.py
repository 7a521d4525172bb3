"""Files larger than memory: trained on, predicted, and never loaded."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import NeuralNetwork
from nn.mapped import MappedRows, parts

X = np.random.default_rng(0).normal(size=(50, 3))
Y = (X[:, 0] > X[:, 1]).astype(int)


@pytest.fixture(params=["<f4", "<f8", ">f8", "i2"])
def mapped(request, tmp_path):
    array = (100 * X).astype(request.param)
    array.tofile(tmp_path / "X")
    return np.memmap(tmp_path / "X", request.param, "r", shape=X.shape), array.astype(float)


def network(**settings):
    return NeuralNetwork(3, [[4, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0, **settings)


def weights(result):
    return np.concatenate([p.data.ravel() for p in result.parameters()])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"shuffle": False},
        {"validation_fraction": 0.3, "metrics": ["f1"]},
        {"sample_weight": np.arange(50) % 3, "class_weight": "balanced"},
        {"validation_data": (X, Y)},
    ],
    ids=lambda settings: " ".join(settings) or "plain",
)
@pytest.mark.parametrize("standardize", [False, True])
def test_training_gives_the_bits_of_the_array(mapped, settings, standardize):
    file, array = mapped
    first = network(standardize=standardize).fit(file, Y, epochs=3, batch_sz=8, **settings)
    second = network(standardize=standardize).fit(array, Y, epochs=3, batch_sz=8, **settings)
    np.testing.assert_array_equal(weights(first), weights(second))
    assert first.history == second.history


def test_predictions_are_those_of_the_array(mapped, monkeypatch):
    monkeypatch.setattr("nn.prediction.ROWS_AT_ONCE", 7)
    file, array = mapped
    result = network(standardize=True).fit(file, Y, epochs=2)
    np.testing.assert_array_equal(result.transform(file), result.transform(array))
    np.testing.assert_array_equal(result.predict(file), result.predict(array))
    assert result.evaluate(file, Y) == result.evaluate(array, Y)


def test_every_part_is_looked_through_before_anything_is_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(nn.mapped, "BYTES_AT_ONCE", 100)
    file = np.memmap(tmp_path / "X", "f8", "w+", shape=X.shape)
    file[:] = X
    file[41, 2] = np.nan
    result = network()
    before = weights(result)
    with pytest.raises(ValueError, match=r"X holds nan at index \[41, 2\]"):
        result.fit(file, Y)
    np.testing.assert_array_equal(weights(result), before)
    with pytest.raises(ValueError, match="2 features"):
        result.fit(file[:, :2], Y)


def test_a_compiled_epoch_would_load_it(mapped):
    file, _ = mapped
    result = network()
    before = weights(result)
    with pytest.raises(tg.CaptureError, match=r"memory-mapped file.*pass np.asarray\(X\)"):
        result.fit(file, Y, compile=True)
    np.testing.assert_array_equal(weights(result), before)


def test_parts_cover_all_rows(monkeypatch):
    monkeypatch.setattr(nn.mapped, "BYTES_AT_ONCE", 100)
    rows = [i for part in parts(X) for i in range(50)[part]]
    assert rows == list(range(50))
    assert len(parts(X)) > 10


def test_rows_of_rows():
    rows = MappedRows(X, np.dtype("f4"))
    chosen = rows.take(np.array([5, 3, 9])).take(np.array([2, 0]))
    assert chosen.shape == (2, 3)
    np.testing.assert_array_equal(chosen[:], X[[9, 5]].astype("f4"))
    doubled = chosen.converted(lambda x: 2 * x, np.dtype("f8")).converted(lambda x: x + 1, X.dtype)
    np.testing.assert_array_equal(doubled[1:], 2 * X[[5]] + 1)
    with pytest.raises(ValueError, match="axis is 1"):
        rows.take(np.array([0]), axis=1)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
def test_a_file_larger_than_the_memory_there_is(tmp_path):
    features, block, blocks = 4096, 512, 10  # 80 MiB
    draw = np.random.default_rng(0)
    rows = draw.normal(size=(block, features)).astype("f4")
    with (tmp_path / "X").open("wb") as file:
        for _ in range(blocks):
            file.write(rows.tobytes())
    np.save(tmp_path / "y.npy", np.tile(rows[:, 0] > 0, blocks))
    program = f"""
        import resource
        import numpy as np
        from nn import NeuralNetwork

        status = dict(line.split(":") for line in open("/proc/self/status") if ":" in line)
        used = int(status["VmData"].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (used + 2**26, used + 2**26))
        X = np.memmap({str(tmp_path / "X")!r}, "f4", "r", shape={(block * blocks, features)})
        try:
            np.array(X)
        except MemoryError:
            print("too large for memory")
        y = np.load({str(tmp_path / "y.npy")!r})
        network = NeuralNetwork(
            {features}, [[2, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0
        )
        network.fit(X, y, epochs=3, batch_sz=256, optimizer="adam", learning_rate=0.003,
                    validation_fraction=0.25)
        print(network.evaluate(X, y, ["accuracy"])["accuracy"] > 0.8)
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(nn.__file__).parents[1],
    )
    (tmp_path / "X").unlink()
    assert result.stdout.split("\n") == ["too large for memory", "True", ""], result.stderr
