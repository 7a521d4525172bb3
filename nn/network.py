"""``NeuralNetwork``: a feedforward network, described by a list of layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import DTypeLike

from nn.activations import ACTIVATIONS
from nn.callbacks import History
from nn.checks import positive_integer, true_or_false
from nn.fitting import TrainableNetwork
from nn.flat import FlatBuffer
from nn.inference import PlainLayers
from nn.initializers import initializer_for
from nn.layers import Linear, Sequential
from nn.module import Module, Parameter
from nn.saving import PathLike, load_network, save_network
from nn.specification import check_output, checked_dtype, checked_layers, checked_loss, checked_seed
from nn.tasks import TASKS, Task

if TYPE_CHECKING:
    from nn.compiled_prediction import CompiledLayers


class NeuralNetwork(TrainableNetwork):
    """A fully connected network for classification or regression.

    Parameters
    ----------
    input_dim : int
        Number of input features.
    layer_spec : sequence of (int, str)
        For each layer ``[output_dimension, activation]``. Hidden layers take 'ReLU', 'LeakyReLU',
        'ELU', 'SiLU', 'GeLU', 'softplus', 'tanh', 'sigmoid' or 'identity', in any letter case.
    loss_func : str
        It goes with the activation of the last layer: 'binary_log_loss' with 'sigmoid' (and one
        output), 'multiclass_log_loss' with 'softmax', 'l2' with 'identity'. With one 'sigmoid' for
        each label, 'multilabel_log_loss' is for samples that may have several labels, or none.
    seed : int, optional
        With the same seed, weights, shuffling and results are the same to the last bit.
    dtype : dtype
        float32 or float64; what the network computes in.
    standardize : bool
        Give the layers inputs, and targets of a regression, of mean 0 and variance 1. The first
        call of :meth:`fit` measures means and standard deviations on what it trains on; they belong
        to the network from then on. Predictions are in the units of ``y``, and so are metrics; the
        loss in the history is that of the standardized targets.

    Attributes
    ----------
    model : Sequential
        The layers as modules, without the output activation: it gives logits.
    history, history_ : dict of str to list of float
        ``"loss"``, for classification ``"accuracy"``, and what else was asked for, of every epoch.

    Raises
    ------
    TypeError, ValueError
        If the description is not that of a network.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(1000, 2))
    >>> y = (X[:, 0] + X[:, 1] > 0).astype(int)
    >>> network = NeuralNetwork(2, [[8, "tanh"], [1, "sigmoid"]], "binary_log_loss", seed=0)
    >>> network.fit(X, y, epochs=20, learning_rate=0.1).predict([0.2, -0.1])
    1
    >>> network.predict([[0.2, -0.1], [-1.0, 0.5]], class_names=["below", "above"])
    array(['above', 'below'], dtype='<U5')
    """

    def __init__(
        self,
        input_dim: int,
        layer_spec: Sequence[Sequence[Any]],
        loss_func: str,
        *,
        seed: int | None = None,
        dtype: DTypeLike = np.float32,
        standardize: bool = False,
    ) -> None:
        self.input_dim = positive_integer(input_dim, "input_dim")
        self.layer_spec = checked_layers(layer_spec)
        self.loss_func = checked_loss(loss_func)
        check_output(self.layer_spec, self._task)
        self.dtype = checked_dtype(dtype)
        self.seed = checked_seed(seed)
        self.standardize = true_or_false(standardize, "standardize")
        self.reset()

    def reset(self) -> Self:
        """Start over: new weights (with a seed, those of the beginning), and no history."""
        self._rng = np.random.default_rng(self.seed)
        self.model = self._new_model(self._rng)
        FlatBuffer(self.model.parameters())
        self.history: History = {"loss": []}
        if self._task.classes_of is not None:
            self.history["accuracy"] = []
        self._optimizer = None
        self._compiled_epoch = None
        self._standardizer = None
        self._plain_layers: PlainLayers | None = None
        self._compiled_layers: CompiledLayers | None = None
        return self

    # -------------------------------------------------------------------------------------- files

    def save(self, path: PathLike, *, dtype: DTypeLike | None = None) -> None:
        """Write the network to a safetensors file, which many other tools open.

        It holds the parameters, the description of the network, the history, and where the random
        numbers stand. It does not hold what an optimizer remembers, such as the moments of Adam,
        which start anew in a loaded network; :class:`nn.Checkpoint` writes these too. A file at
        ``path`` is replaced in one step: after a crash it is the old one or the new one.

        Parameters
        ----------
        path : path-like
            By custom it ends in ``.safetensors``.
        dtype : dtype, optional
            Store the parameters as float16, float32 or float64, whatever the network computes in;
            float16 makes the file small, at three significant digits.

        Raises
        ------
        ValueError
            If a parameter is not finite, or not in ``dtype``, or the layers of ``model`` are no
            longer those of ``layer_spec``.
        OSError
            If the file cannot be written. What was there before is then as it was.

        Examples
        --------
        >>> import tempfile
        >>> network = NeuralNetwork(2, [[8, "tanh"], [1, "sigmoid"]], "binary_log_loss")
        >>> with tempfile.TemporaryDirectory() as directory:
        ...     network.save(f"{directory}/network.safetensors")
        ...     loaded = NeuralNetwork.load(f"{directory}/network.safetensors")
        >>> loaded
        NeuralNetwork(2, [[8, 'tanh'], [1, 'sigmoid']], 'binary_log_loss')
        >>> loaded.predict([0.2, -0.1]) == network.predict([0.2, -0.1])
        True
        """
        save_network(self, path, dtype)

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Read a network from a file that :meth:`save` wrote.

        No code of the file is run, whoever wrote it.

        Parameters
        ----------
        path : path-like
            The file.

        Returns
        -------
        NeuralNetwork
            It predicts as the saved one; when it goes on training, its optimizer starts anew.

        Raises
        ------
        ModelFileError
            If the file is damaged (there is a checksum over all of it), of another tool, or of a
            version that is not known here.
        OSError
            If there is no file, or it cannot be read.
        """
        return load_network(cls, path)

    # -------------------------------------------------------------------------------- diagnostics

    @property
    def output_dim(self) -> int:
        """Number of outputs: one column of ``transform`` for each."""
        return self.layer_spec[-1][0]

    def parameters(self) -> list[Parameter]:
        """Weight, bias, weight, bias, ... from the first layer to the last."""
        return self.model.parameters()

    def __str__(self) -> str:
        title = "Neural Network Details"
        loss = f"{self.history['loss'][-1]:.6g}" if self.epochs_trained else None
        size = sum(parameter.size for parameter in self.parameters())
        return "\n".join(
            [
                title,
                "=" * len(title),
                *self._layer_lines(),
                f"Total Network Parameters: {size}",
                f"Loss Function: {self.loss_func}",
                f"Trained = {self.epochs_trained > 0}",
                f"Training Loss = {loss}",
                f"Epochs Trained: {self.epochs_trained}",
            ]
        )

    def _layer_lines(self) -> list[str]:
        inputs = [self.input_dim, *(width for width, _ in self.layer_spec)]
        digits = max(2, len(str(max(inputs))))
        last = len(self.layer_spec) - 1
        lines = []
        for i, (outputs, activation) in enumerate(self.layer_spec):
            name = "Input" if i == 0 else "Output" if i == last else "Hidden"
            shape = f"({inputs[i]:>{digits}} -> {outputs})"
            lines.append(f"{name} Layer: {shape} {activation}")
        return lines

    def __repr__(self) -> str:
        layers = [list(layer) for layer in self.layer_spec]
        options = ", standardize=True" if self.standardize else ""
        return f"NeuralNetwork({self.input_dim}, {layers}, {self.loss_func!r}{options})"

    # ------------------------------------------------------------------------------------ helpers

    @property
    def _task(self) -> Task:
        return TASKS[self.loss_func]

    def _new_model(self, rng: np.random.Generator) -> Sequential:
        """The layers up to the logits, with weights drawn from the generator."""
        modules: list[Module] = []
        inputs = self.input_dim
        for outputs, activation in self.layer_spec:
            initializer = initializer_for(activation)
            modules += [
                Linear(inputs, outputs, initializer=initializer, rng=rng, dtype=self.dtype),
                ACTIVATIONS[activation](),
            ]
            inputs = outputs
        return Sequential(*modules[:-1])

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.dtype = np.dtype(self.dtype.char)  # NumPy copies a dtype, which is then another object

    def __getstate__(self) -> dict[str, Any]:
        made = ("_plain_layers", "_compiled_layers", "_compiled_epoch")
        return {**vars(self), **dict.fromkeys(made)}
