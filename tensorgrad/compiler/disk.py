"""Where generated code and its machine code are kept between processes."""

from __future__ import annotations

import os
import sys
import tempfile
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


def write_at_once(path: Path, content: bytes) -> None:
    """Write a file so that another process sees the whole of it or none.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(name).replace(path)
