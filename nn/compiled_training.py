"""An epoch of training as one call: the step is recorded, and all batches are gone through at once.

A step is a pure function here. It takes the parameters, what the optimizer remembers, buffers and
random generators as a state, and gives the next one; :func:`tensorgrad.scan` runs it over the
batches of an epoch, in machine code or by replaying it with NumPy. Batches, learning rates and
random numbers are those of the eager loop, so the results are the same to within rounding.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

import tensorgrad as tg
from nn.batches import ArrayBatches, ArraySource, Batch, Source
from nn.callbacks import Callback, TrainingState, hooks
from nn.checks import choice
from nn.epochs import Epoch, Objective
from nn.mapped import MappedRows
from nn.mini_batches import eager_epoch
from nn.optimizer import Optimizer
from nn.training_step import Places, factors_of, rates_of, settings_of, training_step
from tensorgrad import CaptureError

BACKENDS = ("auto", "numpy", "llvm", "numba")
"""What ``compile=`` may be, besides True and False."""

STEPS_FOR_REPLAY = 1_000
"""Recording a step takes as long as replaying it saves in about this many."""
STEPS_FOR_MACHINE_CODE = 4_000
"""Machine code saves what it costs in fewer steps than this if it is on disk, in more if not."""


class CompiledEpoch:
    """Makes a step on every batch as ``eager_epoch`` does, without what Python costs.

    Parameters
    ----------
    backend : {"numpy", "llvm", "numba"}
        What runs the steps. The last batch of an epoch, if it is shorter, is replayed by NumPy:
        one step is not worth another compilation.
    strict : bool
        Whether what cannot be recorded is an error. If not, it is run eagerly, and :attr:`note`
        says why.

    Attributes
    ----------
    note : str
        What is done, for those who want to know.
    """

    def __init__(self, backend: str, *, strict: bool) -> None:
        self.backend = backend
        self.strict = strict
        self.note = f"training is compiled, with the backend {backend!r}"
        self._key: Any = None
        self._steps: _Steps | None = None
        self._gave_up = False

    def __call__(
        self, state: TrainingState, objective: Objective, batches: Iterable[Batch]
    ) -> Epoch:
        """Train for one epoch; the state, the model and the optimizer are changed as eagerly.

        Raises
        ------
        CaptureError
            If it is strict, and something cannot be recorded.
        """
        if self._gave_up or not isinstance(batches, ArrayBatches):
            return eager_epoch(state, objective, batches)
        try:
            return self._epoch(state, objective, batches)
        except CaptureError as error:
            if self.strict:
                raise
            self.give_up(str(error))
            return eager_epoch(state, objective, batches)

    def prepare(self, state: TrainingState, objective: Objective, source: Source) -> None:
        """Record and compile, before anything is changed.

        Raises
        ------
        CaptureError
            If it is strict, and something cannot be recorded.
        """
        if self._gave_up:
            return
        model = objective.model
        was_training = model.training
        model.train()
        try:
            if not isinstance(source, ArraySource):
                raise CaptureError(
                    f"the batches come from a {type(source).__name__}, one by one, and a compiled "
                    "epoch needs all of them at once; pass arrays"
                )
            if not all(isinstance(array, np.ndarray) for array in source.arrays):
                kind, dense = "sparse matrix", "an array"
                if isinstance(source.arrays[0], MappedRows):
                    kind, dense = "memory-mapped file", "np.asarray(X)"
                raise CaptureError(
                    f"X is a {kind}, of which a compiled epoch would need all rows at once; pass "
                    f"{dense} if it fits into memory"
                )
            batches = ArrayBatches(source.arrays, source.batch_size)
            self._prepare(state, objective, batches)
        except CaptureError as error:
            if self.strict:
                raise
            self.give_up(str(error))
        finally:
            model.train(was_training)

    def give_up(self, reason: str) -> None:
        """Run eagerly from here on."""
        self._gave_up = True
        self.note = f"training is not compiled: {reason}"

    def does_the_same_as(self, other: CompiledEpoch) -> bool:
        """Whether one can stand for the other."""
        return (self.backend, self.strict, self._gave_up) == (
            other.backend,
            other.strict,
            other._gave_up,
        )

    # -------------------------------------------------------------------------------- one epoch

    def _prepare(self, state: TrainingState, objective: Objective, batches: ArrayBatches) -> None:
        optimizer = state.optimizer
        whole, short, places = self._compiled(objective, optimizer)
        first = places.state(optimizer)
        for compiled, size in zip((whole, short), _whole_and_rest(batches), strict=True):
            if size:
                rows = tuple(array[:size] for array in batches.arrays)
                factors = factors_of(optimizer, state.schedule, state.step, 1)
                rates = rates_of(optimizer, factors)
                compiled.replay(first, (rows, tuple(rate[0] for rate in rates)))

    def _epoch(self, state: TrainingState, objective: Objective, batches: ArrayBatches) -> Epoch:
        optimizer = state.optimizer
        whole, short, places = self._compiled(objective, optimizer)
        arrays, size = batches.arrays, batches.batch_size
        count = len(arrays[0])
        steps, rest = divmod(count, size)
        factors = factors_of(optimizer, state.schedule, state.step, steps + bool(rest))
        rates = rates_of(optimizer, factors)
        optimizer.learning_rate_factor = float(factors[-1])
        tree: Any = places.state(optimizer)
        losses: list[float] = []
        outputs: list[np.ndarray] = []
        if steps:
            stacked = tuple(a[: steps * size].reshape(steps, size, *a.shape[1:]) for a in arrays)
            first = tuple(rate[:steps] for rate in rates)
            tree, (values, seen) = tg.scan(whole, tree, (stacked, first))
            losses += values.tolist()
            outputs.append(seen.reshape(-1, *seen.shape[2:]))
        if rest and all(map(math.isfinite, losses)):
            last = tuple(array[steps * size :] for array in arrays)
            tree, (value, seen) = short(tree, (last, tuple(rate[steps] for rate in rates)))
            losses.append(float(value))
            outputs.append(seen)
        loss, finite = _mean(losses, size, count)
        state.step += finite
        if finite:
            state.batch_loss = losses[finite - 1]
        if finite == len(losses):
            places.write_back(tree, optimizer)
        all_outputs = np.concatenate(outputs) if len(outputs) > 1 else outputs[0]
        return Epoch(loss, all_outputs, arrays[1][: len(all_outputs)])

    def _compiled(self, objective: Objective, optimizer: Optimizer) -> _Steps:
        """The step for whole batches and that for a short one; made again if settings changed."""
        key = settings_of(objective, optimizer)
        if self._steps is None or key != self._key:
            places = Places(objective.model, optimizer)
            step = training_step(objective, optimizer, places.unreached)
            short = tg.compile(step)
            whole = short if self.backend == "numpy" else tg.compile(step, backend=self.backend)
            self._key, self._steps = key, _Steps(whole, short, places)
        return self._steps


class _Steps(NamedTuple):
    whole: Any
    short: Any
    places: Places


def _whole_and_rest(batches: ArrayBatches) -> tuple[int, int]:
    count, size = len(batches.arrays[0]), batches.batch_size
    return (size if count >= size else 0), count % size


def _mean(losses: list[float], size: int, count: int) -> tuple[float, int]:
    """The mean over the samples, or the first loss that is not finite; and how many are before."""
    total = 0.0
    for i, loss in enumerate(losses):
        if not math.isfinite(loss):
            return loss, i
        total += loss * min(size, count - i * size)
    return total / count, len(losses)


# ---------------------------------------------------------------------------------- what to do


def prepared_epoch(
    compile: bool | str | CompiledEpoch,
    state: TrainingState,
    objective: Objective,
    source: Source,
    earlier: CompiledEpoch | None = None,
    *,
    verbose: bool = False,
) -> CompiledEpoch | None:
    """What trains for an epoch, recorded before anything is changed; None for the eager loop.

    Parameters
    ----------
    compile : bool or str
        As for :func:`compiled_epoch`.
    state, objective, source
        Of the training that is to come.
    earlier : CompiledEpoch, optional
        Used again if it is what is asked for.
    verbose : bool
        Say on standard error what was chosen.

    Raises
    ------
    TypeError, ValueError, CaptureError, ImportError
        As :func:`compiled_epoch`; and if it is asked for, and something cannot be recorded.
    """
    if compile is False:
        return None
    steps = (source.batches_per_epoch or 1) * state.epochs
    epoch = compiled_epoch(compile, steps, state.callbacks, earlier)
    if epoch is not None:
        epoch.prepare(state, objective, source)
    if verbose:
        note = "training is not compiled, for so few steps" if epoch is None else epoch.note
        sys.stderr.write(f"{note}\n")
    return epoch


def compiled_epoch(
    compile: bool | str | CompiledEpoch,
    steps: int,
    callbacks: Iterable[Callback] = (),
    earlier: CompiledEpoch | None = None,
) -> CompiledEpoch | None:
    """What ``compile=`` asks for; None to train eagerly.

    Parameters
    ----------
    compile : bool, {"auto", "numpy", "llvm", "numba"} or CompiledEpoch
        True stands for the quickest backend that is installed. "auto" compiles if it pays. What
        an earlier call gave is used again, with what it recorded.
    steps : int
        How many steps there will be, which is all that "auto" looks at.
    callbacks : iterable of Callback
        Those that watch every batch cannot be told of it by a compiled epoch.
    earlier : CompiledEpoch, optional
        Used again, with what it recorded, if it is what is asked for.

    Raises
    ------
    TypeError, ValueError
        If ``compile`` is anything else.
    CaptureError
        If it is asked for, and a callback watches every batch.
    ImportError
        If the backend that it names is not installed.

    Examples
    --------
    >>> compiled_epoch("auto", steps=100) is None
    True
    >>> compiled_epoch("numpy", steps=100).backend
    'numpy'
    """
    epoch = _asked_for(compile, steps)
    if epoch is not None and earlier is not None and earlier.does_the_same_as(epoch):
        epoch = earlier
    watching = [
        type(callback).__name__
        for callback in callbacks
        if hooks([callback], "on_batch_begin") or hooks([callback], "on_batch_end")
    ]
    if epoch is not None and watching:
        reason = f"{', '.join(watching)} is called for every batch"
        if epoch.strict:
            raise CaptureError(f"{reason}, which compiled code cannot do; leave compile= out")
        epoch.give_up(reason)
    return epoch


def _asked_for(compile: bool | str | CompiledEpoch, steps: int) -> CompiledEpoch | None:
    if isinstance(compile, CompiledEpoch):
        return compile
    if compile != "auto":
        backend = backend_asked_for(compile, BACKENDS)
        return None if backend is None else CompiledEpoch(backend, strict=True)
    if steps < STEPS_FOR_REPLAY:
        return None
    backend = _quickest() if steps >= STEPS_FOR_MACHINE_CODE else "numpy"
    return CompiledEpoch(backend, strict=False)


def backend_asked_for(compile: Any, known: Sequence[str] = BACKENDS[1:]) -> str | None:
    """The backend that ``compile=`` stands for: the quickest that is installed for True.

    Parameters
    ----------
    compile : bool or str
    known : sequence of str
        What it may be, besides True and False.

    Raises
    ------
    TypeError, ValueError
        If it is anything else.
    ImportError
        If what the backend needs is not installed.

    Examples
    --------
    >>> backend_asked_for("numpy"), backend_asked_for(False)
    ('numpy', None)
    """
    if isinstance(compile, bool | np.bool):
        return _quickest() if compile else None
    if not isinstance(compile, str):
        raise TypeError(
            f"compile is {compile!r}; expected True, False or one of {', '.join(map(repr, known))}"
        )
    backend = choice(compile, known, "compile")
    tg.compile(_nothing, backend=backend)  # it raises if something is not installed
    return backend


def _nothing(x: Any) -> Any:
    return x


def _quickest() -> str:
    try:
        tg.compile(_nothing, backend="llvm")
    except ImportError:
        return "numpy"
    return "llvm"
