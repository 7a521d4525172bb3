"""The flat arrays of an optimizer, cut into parts that fit into the cache."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nn.rates import Rates
from nn.update_rule import State, UpdateRule

BLOCK = 128 * 1024
"""Bytes of each array in a block: what a rule reads again is then in the cache."""


class Block(NamedTuple):
    """A run of elements: views of the parameters, of their gradient and of what is remembered."""

    place: slice
    values: np.ndarray
    gradient: np.ndarray
    memory: State
    scratch: np.ndarray


def update_in_place(rule: UpdateRule, block: Block, rates: Rates, step: int) -> None:
    """Let a rule overwrite the parameters of a block, and its gradient with them.

    Parameters
    ----------
    rule : UpdateRule
    block : Block
    rates : Rates
        Of all blocks.
    step : int
        The number of this update, 1 for the first.
    """
    place, values, slopes, memory, scratch = block
    if rates.penalty is not None:
        np.multiply(values, part(rates.penalty, place), scratch)
        slopes += scratch
    direction = rule.direction_in_place(slopes, memory, step, scratch)
    if rates.shrink is not None:
        values *= part(rates.shrink, place)
    np.multiply(direction, part(rates.rate, place), scratch)
    values -= scratch


def blocks_of(values: np.ndarray, gradient: np.ndarray, memory: State, place: slice) -> list[Block]:
    """Cut a part of flat arrays into blocks, which share one piece of scratch memory.

    Examples
    --------
    >>> values = np.zeros(50_000)
    >>> blocks = blocks_of(values, np.ones(50_000), {}, slice(10_000, 50_000))
    >>> [block.place for block in blocks]
    [slice(10000, 26384, None), slice(26384, 42768, None), slice(42768, 50000, None)]
    """
    length = BLOCK // values.itemsize
    scratch = np.empty_like(values[place][:length])
    blocks = []
    for start in range(place.start, place.stop, length):
        own = slice(start, min(start + length, place.stop))
        remembered = {name: array[own] for name, array in memory.items()}
        part = scratch[: own.stop - own.start]
        blocks.append(Block(own, values[own], gradient[own], remembered, part))
    return blocks


def runs(places: list[slice], given: list[bool], steps: np.ndarray) -> list[tuple[slice, int]]:
    """Which elements make a step together: parameters with a gradient, and the same count.

    Parameters
    ----------
    places : list of slice
        Where the elements of each parameter are, one behind another.
    given : list of bool
        Whether a parameter has a gradient.
    steps : ndarray
        The number of the step: one for all parameters, or one for each.

    Returns
    -------
    list of (slice, int)
        As few as possible.

    Examples
    --------
    >>> places = [slice(0, 2), slice(2, 3), slice(3, 7), slice(7, 8)]
    >>> runs(places, [True, True, True, True], np.array(5))
    [(slice(0, 8, None), 5)]
    >>> runs(places, [True, True, False, True], np.array([5, 5, 4, 5]))
    [(slice(0, 3, None), 5), (slice(7, 8, None), 5)]
    """
    if steps.ndim == 0 and all(given):
        return [(slice(places[0].start, places[-1].stop), int(steps))]
    found: list[tuple[slice, int]] = []
    counts = np.broadcast_to(steps, len(places)).tolist()
    for place, has_gradient, count in zip(places, given, counts, strict=True):
        if not has_gradient:
            continue
        if found and found[-1][0].stop == place.start and found[-1][1] == count:
            place = slice(found.pop()[0].start, place.stop)
        found.append((place, int(count)))
    return found


def in_one_number(counts: np.ndarray) -> np.ndarray:
    """The counts, or, if all are the same, that one as an array without axes.

    Examples
    --------
    >>> in_one_number(np.array([4.0, 3.0])), in_one_number(np.array([4.0, 4.0]))
    (array([4., 3.]), array(4.))
    """
    return np.array(counts[0]) if (counts == counts[0]).all() else counts


def part(numbers: np.ndarray, place: slice) -> np.ndarray:
    """What of a setting belongs to a block: one number for all, or one per element."""
    return numbers if numbers.ndim == 0 else numbers[place]
