"""The process in which one subject, such as a peer, is built, checked and measured.

It answers one line of JSON for each line it reads: `build` a network, or `measure` it.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from typing import Any

from experiments.speed.agreement import Disagreement
from experiments.speed.disturbance import Disturbance
from experiments.speed.peers import Runner
from experiments.speed.problems import Network, make_problem
from experiments.speed.subjects import SUBJECTS, check_of

__all__ = ["main"]

SHORTEST_BLOCK = 0.005  # seconds; far above the resolution of the clock and a scheduler's tick
FEWEST_BLOCKS = 3


def main(arguments: list[str]) -> None:
    """Serve requests for the subject named in `arguments` until standard input ends."""
    (name,) = arguments
    subject, check = SUBJECTS[name], check_of(name)
    # A library may print. What it prints must not end up among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    runner: Runner | None = None
    epoch_length = 0
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any] = {}
        if request["command"] == "build":
            runner = None  # the memory of the one before comes back
            problem = make_problem(Network.from_json(request["network"]))
            runner, epoch_length = subject.build(problem), len(problem.inputs)
            try:
                check(runner, problem)
            except Disagreement as disagreement:
                answer["disagreement"] = str(disagreement)
        elif runner is None:
            raise ValueError("'measure' before 'build'")
        else:
            disturbance = Disturbance()
            answer["microseconds"] = microseconds_per_step(runner, epoch_length, request["seconds"])
            answer["disturbance"] = disturbance.cores()
        wait_until_threads_sleep()
        print(json.dumps(answer), file=answers, flush=True)


def microseconds_per_step(runner: Runner, epoch_length: int, seconds: float) -> float:
    """Median time of a step, over blocks of whole epochs that take `seconds` in all.

    Parameters
    ----------
    runner : Runner
        Standing at the first batch of an epoch.
    epoch_length : int
        Steps in an epoch.
    seconds : float
        How long to go on; three blocks are measured however long they take.

    Returns
    -------
    float
        Microseconds.
    """
    fastest_epoch = _warm_up(runner, epoch_length, seconds / 5)
    steps = epoch_length * max(1, math.ceil(SHORTEST_BLOCK / fastest_epoch))
    blocks: list[float] = []
    end = time.perf_counter() + seconds
    while len(blocks) < FEWEST_BLOCKS or time.perf_counter() < end:
        begin = time.perf_counter()
        runner.run(steps)
        blocks.append((time.perf_counter() - begin) / steps)
    blocks.sort()
    return 1e6 * blocks[len(blocks) // 2]


def _warm_up(runner: Runner, epoch_length: int, seconds: float) -> float:
    """Bring caches and clock rate back after the pause; the time of the fastest epoch."""
    fastest = math.inf
    end = time.perf_counter() + seconds
    while True:
        begin = time.perf_counter()
        runner.run(epoch_length)
        now = time.perf_counter()
        fastest = min(fastest, now - begin)
        if now >= end:
            return fastest


def wait_until_threads_sleep(longest: float = 1.0) -> None:
    """Wait until the thread pools of this process stop spinning.

    A pool that waits for more work by spinning takes a core from whoever is measured next:
    OpenBLAS was seen to do so for 100 ms after its last product, OpenMP for 10 ms.

    Parameters
    ----------
    longest : float
        Seconds after which to give up waiting.
    """
    pause = 0.02
    end = time.perf_counter() + longest
    while time.perf_counter() < end:
        before = time.process_time()
        time.sleep(pause)
        if time.process_time() - before < pause / 10:
            return


if __name__ == "__main__":
    main(sys.argv[1:])
