"""The other end of `worker`: a process per subject, asked for one thing at a time.

Why processes. Libraries that share a process disturb each other through their thread pools,
which keep a core busy for a while after their last task. Measured on two cores: with PyTorch
called in between, a 128x784 by 784x256 product and its tanh in NumPy took 520 to 600 µs instead
of 250 to 330, and PyTorch suffered likewise. In processes of their own, with each one asleep
before the next begins, the peers are as fast as when they are alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from experiments.speed.disturbance import DISTURBED
from experiments.speed.peers import core_count
from experiments.speed.problems import Network

__all__ = ["THREAD_VARIABLES", "Measurement", "PeerFailure", "PeerProcess", "environment"]

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
REPOSITORY = Path(__file__).resolve().parents[2]


class Measurement(NamedTuple):
    """One peer's answer in one round.

    Attributes
    ----------
    microseconds : float
        Median time of a step.
    disturbance : float or None
        Cores that other programs kept busy meanwhile; None where the system does not tell.
    """

    microseconds: float
    disturbance: float | None

    @property
    def disturbed(self) -> bool:
        """Whether other programs were seen to be busy."""
        return self.disturbance is not None and self.disturbance > DISTURBED


class PeerFailure(Exception):
    """A process ended, or its subject does not compute what the others do."""


class PeerProcess:
    """A process that builds and measures one peer, or another subject.

    Parameters
    ----------
    name : str
        A name in `SUBJECTS`.
    """

    def __init__(self, name: str) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (open as long as the process)
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"{__package__}.worker", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            bufsize=0,
            env=environment(),
        )

    def build(self, network: Network) -> None:
        """Build the subject for a network, and check that it computes what it should.

        Raises
        ------
        PeerFailure
            If it does not, or if the process ends.
        """
        answer = self._ask(command="build", network=network.as_json())
        if "disagreement" in answer:
            raise PeerFailure(f"does not compute what the others do: {answer['disagreement']}")

    def measure(self, seconds: float) -> Measurement:
        """Time a step over `seconds`.

        Raises
        ------
        PeerFailure
            If the process ends.
        """
        return Measurement(**self._ask(command="measure", seconds=seconds))

    def close(self) -> None:
        """End the process. Closing twice does no harm."""
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.kill()
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout, self._errors):
                if stream is not None:
                    stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, **request: Any) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            line = stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            raise PeerFailure(f"its process ended: {self._last_error_line()}")
        return json.loads(line)

    def _last_error_line(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        text = self._errors.read().decode(errors="replace")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {code}"


def environment() -> dict[str, str]:
    """Environment of the measured processes: this package importable, all cores for each."""
    variables = dict(os.environ)
    # Without it, every new process would compile our sources anew, and NumPy's not.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    variables.update(dict.fromkeys(THREAD_VARIABLES, str(core_count())))
    paths = [str(REPOSITORY), *filter(None, [variables.get("PYTHONPATH")])]
    variables["PYTHONPATH"] = os.pathsep.join(paths)
    return variables
