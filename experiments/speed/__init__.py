"""The speed comparison: one training step side by side with other libraries.

A *peer* is one way to train a network (`peers`). Each is built and measured in a process of its own
(`worker`, with `processes` at the other end), after it has been seen to compute what the others
compute (`agreement`). `comparison` goes round the peers and takes ratios, `latency` times a single
prediction and the import, `bars` holds the limits that this project promises to keep.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see `experiments.speed.cli.main`."""
    # Imported here because the measured processes import this package too.
    from experiments.speed import cli

    return cli.main(argv)
