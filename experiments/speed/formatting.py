"""How numbers are written on the speed page."""

from __future__ import annotations

__all__ = ["counted", "many_times", "number"]


def number(value: float) -> str:
    """Three digits or more, with commas.

    Examples
    --------
    >>> number(7.449), number(12345.6)
    ('7.4', '12,346')
    """
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def many_times(ratio: float) -> str:
    """A ratio in words.

    Examples
    --------
    >>> many_times(1.234), many_times(12.34), many_times(123.4)
    ('1.23 times', '12.3 times', '123 times')
    """
    digits = 2 if ratio < 10 else 1 if ratio < 100 else 0
    return f"{ratio:.{digits}f} times"


def counted(count: int, what: str) -> str:
    """A number of things.

    Examples
    --------
    >>> counted(1, "round"), counted(3, "round")
    ('1 round', '3 rounds')
    """
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
