"""Files that are written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["save_json", "save_text", "write_atomically"]


def save_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file, whole or not at all.

    Raises
    ------
    ValueError
        If a number in it is not finite; the file is then as it was.
    """
    save_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")


def save_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    write_atomically(path, lambda file: file.write(text.encode()))


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file under another name, and give it its own when it is complete.

    Whatever interrupts the writing, `path` is then either as it was or entirely new.

    Parameters
    ----------
    path : Path
        Its directory must exist.
    write : callable
        Is given the open binary file.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            write(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
