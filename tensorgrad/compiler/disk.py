"""Where generated code and its machine code are kept between processes."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

CACHE_VARIABLE = "TENSORGRAD_CACHE_DIR"
"""The environment variable that says where generated code and its machine code are kept."""


def cache_directory() -> Path:
    """Where generated code is kept; ``TENSORGRAD_CACHE_DIR`` sets another place.

    Examples
    --------
    >>> cache_directory().name
    'tensorgrad'
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen) / "tensorgrad"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "tensorgrad"


def read_checked(path: Path) -> bytes | None:
    """What :func:`write_checked` wrote; None if nothing is there, or something else.

    A machine that stops may cut a file short, and what is left of machine code must not run.
    """
    try:
        whole = path.read_bytes()
    except OSError:
        return None
    checksum, content = whole[:_CHECKSUM_BYTES], whole[_CHECKSUM_BYTES:]
    return content if checksum == _checksum(content) else None


def write_checked(path: Path, content: bytes) -> None:
    """Write a file with a checksum, as :func:`write_at_once` does.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    write_at_once(path, _checksum(content) + content)


_CHECKSUM_BYTES = hashlib.sha256().digest_size


def _checksum(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def write_at_once(path: Path, content: bytes) -> None:
    """Write a file so that another process sees the whole of it or none.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
