"""Small studies of what the document says about optimization."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiments.work import Piece

__all__ = ["STUDIES", "study_pieces"]

STUDIES: dict[str, object] = {}


def study_pieces(
    names: Sequence[str], records: Path, pictures: Path, *, quick: bool
) -> dict[str, Piece]:
    """One piece of work for each study."""
    return {}
