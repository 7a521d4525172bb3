"""Training that is killed at many moments, each time resumed: a program for test_checkpoints.py.

``python killed_training.py DIRECTORY`` prints one line of JSON for each kill. A moment is a call of
a Python or C function, counted from the begin of ``fit``; at half of the moments a checkpoint is
being written. Child processes are forked, which costs milliseconds where a new interpreter would
take half a second.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from training_to_resume import EPOCHS, train

from nn import NeuralNetwork
from nn.files import replace_file

KILLS = 20


def main(directory: Path) -> None:
    """Kill and resume; compare with training that was left alone."""
    train(directory / "warm up")  # imports what is imported when it is first used
    writing = moments_of_writing(lambda: train(directory / "reference"))
    expected = (directory / "reference").read_bytes()
    rng = np.random.default_rng(0)
    moments = [
        *rng.choice(len(writing), KILLS // 2, replace=False),
        *rng.choice(np.flatnonzero(writing), KILLS - KILLS // 2, replace=False),
    ]
    for moment in map(int, moments):
        report = killed_and_resumed(directory / str(moment), moment, expected)
        print(json.dumps({**report, "writing": bool(writing[moment])}), flush=True)


def killed_and_resumed(path: Path, moment: int, expected: bytes) -> dict[str, Any]:
    """Whether it was killed, after how many whole epochs, and what became of it."""
    status = in_child(lambda: with_call_counted(lambda: train(path), moment))
    epochs = NeuralNetwork.load(path).epochs_trained if path.exists() else 0
    resumed = in_child(lambda: train(path, resume=path if path.exists() else None))
    return {
        "moment": moment,
        "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
        "epochs": epochs,
        "resumed": resumed == 0,
        "same": path.read_bytes() == expected,
    }


def moments_of_writing(function: Callable[[], None]) -> np.ndarray:
    """For each call that the function makes, whether a file was being replaced."""
    writing = []
    depth = 0

    def note(frame: FrameType, event: str, _: Any) -> None:
        nonlocal depth
        if frame.f_code is replace_file.__code__:
            depth += {"call": 1, "return": -1}.get(event, 0)
        if event in ("call", "c_call"):
            writing.append(depth > 0)

    sys.setprofile(note)
    function()
    sys.setprofile(None)
    return np.array(writing)


def with_call_counted(function: Callable[[], None], last: int) -> None:
    """Call the function, and kill this process when it makes its ``last``-th call."""
    calls = -1

    def count(_: FrameType, event: str, __: Any) -> None:
        nonlocal calls
        if event in ("call", "c_call"):
            calls += 1
            if calls == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    function()
    sys.setprofile(None)


def in_child(function: Callable[[], None]) -> int:
    """Call the function in a process of its own; return how that ended."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            function()
            code = 0
        finally:
            if code:
                traceback.print_exc()
            os._exit(code)  # the code below the fork is the parent's alone
    return os.waitpid(pid, 0)[1]


if __name__ == "__main__":
    assert EPOCHS == 10
    main(Path(sys.argv[1]))
