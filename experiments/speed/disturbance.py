"""How much of the machine other programs took while something was measured.

Thread pools that spin do not share a core well. With one other program busy on one of two cores,
a training step of PyTorch was seen to take 15,000 µs instead of 140, while single-threaded peers
hardly changed: without a look at the rest of the machine, such a ratio would pass for a result.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

__all__ = ["DISTURBED", "Disturbance", "busy_seconds"]

# Cores kept busy by others, above which a measurement does not count as undisturbed.
DISTURBED = 0.1

STATISTICS = Path("/proc/stat")


class Disturbance:
    """Measures, from its construction on, what other processes take of this process's cores.

    Examples
    --------
    >>> disturbance = Disturbance()
    >>> cores = disturbance.cores()
    >>> cores is None or cores >= 0
    True
    """

    def __init__(self) -> None:
        self._begin = time.perf_counter()
        self._own = time.process_time()
        self._busy = busy_seconds()

    def cores(self) -> float | None:
        """Mean number of cores others kept busy; None where the system does not tell."""
        busy = busy_seconds()
        if busy is None or self._busy is None:
            return None
        others = (busy - self._busy) - (time.process_time() - self._own)
        return max(0.0, others / (time.perf_counter() - self._begin))


def busy_seconds() -> float | None:
    """Seconds since boot that the cores open to this process were not idle.

    Time that a hypervisor gave to other guests counts as busy.

    Returns
    -------
    float or None
        None on systems other than Linux.
    """
    if not STATISTICS.exists():
        return None
    ours = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    ticks = 0
    for line in STATISTICS.read_text().splitlines():
        name, *columns = line.split()
        if name in ours:
            user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, columns[:8])
            ticks += user + nice + system + irq + softirq + steal
    return ticks / os.sysconf("SC_CLK_TCK")
