"""Pieces of work that are done once: in parallel, with a record of each on disk to go on from."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from experiments.files import save_json

__all__ = ["Piece", "Progress", "complete", "fingerprint"]

ROOT = Path(__file__).parents[1]

Record = dict[str, Any]
Progress = Callable[[int], object]


@dataclass(frozen=True)
class Piece:
    """Something to be done, and the file that says what came of it.

    Attributes
    ----------
    title : str
        What the progress bar calls it.
    path : Path
        Its record, a JSON file.
    fingerprint : str
        Of all that decides what comes of it. A record with another one is out of date.
    work : callable
        Does it, without arguments, and returns the record. It is pickled for another process.
    size : int
        About how many milliseconds it takes: what the progress bar adds up.
    files : tuple of Path
        What else it writes; if one of them is missing it is done again.
    """

    title: str
    path: Path
    fingerprint: str
    work: Callable[[], Record]
    size: int = 1
    files: tuple[Path, ...] = ()

    def record(self) -> Record | None:
        """What came of it, if it has been done."""
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        is_current = isinstance(content, dict) and content.get("fingerprint") == self.fingerprint
        if not is_current or not all(file.exists() for file in self.files):
            return None
        return content["record"]

    def do(self) -> Record:
        """Do it, and write the record when it is complete."""
        record = self.work()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        save_json(self.path, {"fingerprint": self.fingerprint, "record": record})
        return record


def complete(
    pieces: Sequence[Piece],
    *,
    jobs: int,
    fresh: bool = False,
    progress: Callable[[Piece], object] = lambda piece: None,
) -> list[Record]:
    """Do what has not been done yet.

    Each piece runs on one core, whatever the number of jobs, so that this number changes nothing
    about the results. After Ctrl-C the pieces that are done stay done.

    Parameters
    ----------
    pieces : sequence of Piece
    jobs : int
        Processes to run at once, -1 for one on each core.
    fresh : bool
        Do everything, done before or not.
    progress : callable
        Called with each piece when it is done, or found to be done.

    Returns
    -------
    list of dict
        The records, in the order of the pieces.
    """
    records = [None if fresh else piece.record() for piece in pieces]
    missing = []
    for index, (piece, record) in enumerate(zip(pieces, records, strict=True)):
        if record is None:
            missing.append(index)
        else:
            progress(piece)
    # What takes longest starts first, so that no core is left waiting for it at the end.
    missing.sort(key=lambda index: -pieces[index].size)
    for index, record in _in_parallel([(index, pieces[index]) for index in missing], jobs):
        records[index] = record
        progress(pieces[index])
    return [record for record in records if record is not None]


def fingerprint(settings: Any, modules: Iterable[str]) -> str:
    """A short name for settings together with the code that uses them.

    Parameters
    ----------
    settings : object
        Ready for JSON.
    modules : iterable of str
        Files, or directories of files, from the root of the repository.

    Returns
    -------
    str

    Examples
    --------
    >>> a = fingerprint({"epochs": 2}, ["experiments/files.py"])
    >>> a == fingerprint({"epochs": 2}, ["experiments/files.py"])
    True
    >>> a == fingerprint({"epochs": 3}, ["experiments/files.py"])
    False
    """
    text = json.dumps(settings, sort_keys=True)
    digests = [_digest(module) for module in modules]
    return hashlib.sha256("\n".join([text, *digests]).encode()).hexdigest()[:16]


@cache
def _digest(module: str) -> str:
    path = ROOT / module
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _in_parallel(pieces: Sequence[tuple[int, Piece]], jobs: int) -> Iterable[tuple[int, Record]]:
    """The records as they come, each with its index."""
    if not pieces:
        return []
    from joblib import Parallel, delayed, effective_n_jobs

    processes = effective_n_jobs(jobs)
    if processes > 1:
        _start_workers(processes)
    parallel = Parallel(n_jobs=processes, return_as="generator_unordered")
    work = (delayed(_do)(index, piece) for index, piece in pieces)
    return cast(Iterable[tuple[int, Record]], parallel(work))


def _start_workers(processes: int) -> None:
    """Start the processes with Ctrl-C switched off, which they inherit.

    In a terminal it reaches every process; the parent alone says what becomes of the others. A
    worker that it stopped amid a queue of joblib's would leave the parent waiting.
    """
    from joblib import Parallel, delayed

    if threading.current_thread() is not threading.main_thread():
        return  # where signals are not ours to handle, and Ctrl-C does not arrive
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        Parallel(n_jobs=processes)(delayed(os.getpid)() for _ in range(processes))
    finally:
        signal.signal(signal.SIGINT, handler)


def _do(index: int, piece: Piece) -> tuple[int, Record]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return index, piece.do()
