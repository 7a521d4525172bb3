"""What predicts: `NeuralNetwork.predict`, and other ways from samples to classes.

A step is one call with one batch of samples. A batch of one row is a single sample, of which a
Python number is asked; of more rows an array of classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from experiments.speed.agreement import Disagreement
from experiments.speed.peers.base import Runner, Subject, core_count, load
from experiments.speed.peers.pytorch import network_of
from experiments.speed.problems import Problem

__all__ = ["PREDICTORS", "check_predictions"]

Array = NDArray[Any]

ROWS_AT_ONCE = 4096
# Logits that differ by less may come out in another order in another library.
TIE = 1e-4


class Predictor(Runner, Protocol):
    """A network that predicts the classes of the problem's samples."""

    def classes(self) -> Array:
        """The class of every sample, int of shape (batches * batch,)."""
        ...


class _Predictor:
    """See `Predictor`: calls a function with one batch after the other."""

    def __init__(self, predict: Callable[[Any], Any], batches: list[Any]) -> None:
        self._predict = predict
        self._batches = batches
        self._next_batch = 0

    def run(self, steps: int) -> float:
        """See `Runner.run`."""
        predict, batches, index = self._predict, self._batches, self._next_batch
        for _ in range(steps):
            predict(batches[index])
            index = (index + 1) % len(batches)
        self._next_batch = index
        return 0.0

    def classes(self) -> Array:
        """See `Predictor.classes`."""
        return np.concatenate([np.atleast_1d(self._predict(batch)) for batch in self._batches])


class BareNumpy(Subject):
    """The class in as few NumPy calls as it takes, without any check."""

    name = "predict-numpy"
    title = "bare NumPy"
    requires = ("numpy",)

    def build(self, problem: Problem) -> Predictor:
        """See `Subject.build`."""
        decide = _decision(problem)
        *hidden, (weight, bias) = zip(problem.weights, problem.biases, strict=True)
        dot, tanh = np.dot, np.tanh

        def predict(values: Array) -> Any:
            for hidden_weight, hidden_bias in hidden:
                values = tanh(dot(values, hidden_weight) + hidden_bias)
            return decide(dot(values, weight) + bias)

        return _Predictor(predict, _samples(problem))


class NeuralNetworkPredict(Subject):
    """`NeuralNetwork.predict`."""

    name = "predict-tensorgrad"
    title = "NeuralNetwork.predict"
    requires: ClassVar[tuple[str, ...]] = ("nn",)
    settings: ClassVar[Mapping[str, Any]] = {}

    def build(self, problem: Problem) -> Predictor:
        """See `Subject.build`."""
        widths, is_binary = problem.network.widths, problem.network.is_binary
        network = load("nn").NeuralNetwork(
            input_dim=widths[0],
            layer_spec=[
                *([width, "tanh"] for width in widths[1:-1]),
                [widths[-1], "sigmoid" if is_binary else "softmax"],
            ],
            loss_func="binary_log_loss" if is_binary else "multiclass_log_loss",
            seed=0,
        )
        starts = problem.starting_parameters()
        for parameter, start in zip(network.parameters(), starts, strict=True):
            parameter.assign(start)
        predict = partial(network.predict, **self.settings) if self.settings else network.predict
        return _Predictor(predict, _samples(problem))


class CompiledPredict(NeuralNetworkPredict):
    """The same, with a compiled step for blocks of rows."""

    name = "predict-tensorgrad-compiled"
    title = "NeuralNetwork.predict, compile=True"
    requires = ("nn", "llvmlite")
    settings: ClassVar[Mapping[str, Any]] = {"compile": True}


class PyTorchPredict(Subject):
    """A PyTorch module in inference mode, called with the whole batch."""

    name = "predict-pytorch"
    title = "PyTorch"
    requires = ("torch",)

    def build(self, problem: Problem) -> Predictor:
        """See `Subject.build`."""
        return _Predictor(_pytorch_predict(problem), _rows(problem))


class PyTorchPredictInBlocks(Subject):
    """The same, called with some thousand rows at a time, so that activations stay in cache."""

    name = "predict-pytorch-blocks"
    title = f"PyTorch, {ROWS_AT_ONCE:,} rows at a time"
    requires = ("torch",)

    def build(self, problem: Problem) -> Predictor:
        """See `Subject.build`."""
        predict = _pytorch_predict(problem)

        def predict_in_blocks(rows: Array) -> Array:
            starts = range(0, len(rows), ROWS_AT_ONCE)
            parts = [predict(rows[start : start + ROWS_AT_ONCE]) for start in starts]
            return np.concatenate(list(map(np.atleast_1d, parts)))

        return _Predictor(predict_in_blocks, _rows(problem))


class OnnxRuntime(Subject):
    """ONNX Runtime on the graph of the network, with as many threads as there are cores."""

    name = "predict-onnxruntime"
    title = "ONNX Runtime"
    requires = ("onnx", "onnxruntime")
    threads: int | None = None

    def build(self, problem: Problem) -> Predictor:
        """See `Subject.build`."""
        runtime = load("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = self.threads or core_count()
        session = runtime.InferenceSession(
            onnx_model(problem).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        names = [session.get_outputs()[0].name]
        decide = _decision(problem)
        is_single = problem.network.batch == 1

        def predict(rows: Array) -> Any:
            logits = session.run(names, {"x": rows})[0]
            return decide(logits[0] if is_single else logits)

        return _Predictor(predict, _rows(problem))


class OnnxRuntimeOneThread(OnnxRuntime):
    """The same with one thread, which is quicker where there is little to share."""

    name = "predict-onnxruntime-1"
    title = "ONNX Runtime, one thread"
    threads = 1


PREDICTORS: dict[str, Subject] = {
    subject.name: subject
    for subject in (
        NeuralNetworkPredict(),
        CompiledPredict(),
        BareNumpy(),
        PyTorchPredict(),
        PyTorchPredictInBlocks(),
        OnnxRuntime(),
        OnnxRuntimeOneThread(),
    )
}


def onnx_model(problem: Problem) -> Any:
    """The problem's network up to its logits, as an ONNX model.

    Parameters
    ----------
    problem : Problem

    Returns
    -------
    onnx.ModelProto
        From ``x``, float32 of shape (rows, features), to the logits.
    """
    onnx = load("onnx")
    make_node, make_info = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    float32 = onnx.TensorProto.FLOAT
    nodes, initializers, value = [], [], "x"
    for number, (weight, bias) in enumerate(zip(problem.weights, problem.biases, strict=True)):
        if number > 0:
            nodes.append(make_node("Tanh", [value], [f"tanh{number}"]))
            value = f"tanh{number}"
        names = [f"weight{number}", f"bias{number}"]
        initializers += map(onnx.numpy_helper.from_array, (weight, bias), names)
        nodes.append(make_node("Gemm", [value, *names], [f"linear{number}"]))
        value = f"linear{number}"
    widths = problem.network.widths
    graph = onnx.helper.make_graph(
        nodes,
        "network",
        [make_info("x", float32, ["rows", widths[0]])],
        [make_info(value, float32, ["rows", widths[-1]])],
        initializers,
    )
    # Versions that any ONNX Runtime of the last years reads; Gemm and Tanh are older.
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8
    )
    onnx.checker.check_model(model)
    return model


def check_predictions(predictor: Predictor, problem: Problem) -> None:
    """Compare the predicted classes with those of the network in float64.

    Raises
    ------
    Disagreement
        Saying how many classes differ where the logits do not tie.
    """
    predictor.run(1)
    values = np.concatenate(problem.inputs)
    for weight, bias in zip(problem.weights[:-1], problem.biases[:-1], strict=True):
        values = np.tanh(values.astype(np.float64) @ weight + bias)
    logits = values.astype(np.float64) @ problem.weights[-1] + problem.biases[-1]
    if problem.network.is_binary:
        logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
    expected = logits.argmax(axis=1)
    ranked = np.sort(logits, axis=1)
    is_clear = ranked[:, -1] - ranked[:, -2] > TIE
    classes = predictor.classes()
    if classes.shape != expected.shape:
        raise Disagreement(f"classes of shape {classes.shape}, expected {expected.shape}")
    wrong = np.count_nonzero((classes != expected) & is_clear)
    if wrong:
        raise Disagreement(f"{wrong} of {len(expected)} predicted classes are others")


def _rows(problem: Problem) -> list[Array]:
    return list(problem.inputs)


def _samples(problem: Problem) -> list[Array]:
    """The batches; a batch of one row as a sample of shape (features,)."""
    is_single = problem.network.batch == 1
    return [batch[0] if is_single else batch for batch in problem.inputs]


def _decision(problem: Problem) -> Callable[[Array], Any]:
    """From logits to classes. Sigmoid and softmax keep their order, so it takes neither."""
    is_binary, is_single = problem.network.is_binary, problem.network.batch == 1
    if is_single:
        if is_binary:
            return lambda logits: int(logits[0] > 0)
        return lambda logits: int(logits.argmax())
    if is_binary:
        return lambda logits: (logits[:, 0] > 0).astype(np.intp)
    return lambda logits: logits.argmax(axis=1)


def _pytorch_predict(problem: Problem) -> Callable[[Array], Any]:
    torch = load("torch")
    torch.set_num_threads(core_count())
    _, model = network_of(problem)
    model.eval()
    is_binary, is_single = problem.network.is_binary, problem.network.batch == 1

    def predict(rows: Array) -> Any:
        with torch.inference_mode():
            logits = model(torch.from_numpy(rows))
            classes = (logits[:, 0] > 0).long() if is_binary else logits.argmax(1)
            return classes.item() if is_single else classes.numpy()

    return predict
