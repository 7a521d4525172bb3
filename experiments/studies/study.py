"""What a study is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Numbers", "Study"]

Numbers = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """A question about optimization, and how it is answered by measuring.

    Attributes
    ----------
    name, title : str
    question : str
        What is to be found out, and how.
    measure : callable
        ``measure(quick)`` gives numbers ready for JSON.
    draw : callable
        ``draw(numbers, path)`` writes the picture, as PNG and SVG.
    conclude : callable
        From the numbers to two sentences; every number in them is one that was measured.
    caption : str
        What the picture shows.
    size : int
        About how many milliseconds it takes.
    """

    name: str
    title: str
    question: str
    measure: Callable[[bool], Numbers]
    draw: Callable[[Numbers, Path], None]
    conclude: Callable[[Mapping[str, Any]], str]
    caption: str
    size: int
