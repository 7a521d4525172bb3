"""The speed comparison: training and prediction side by side with other libraries.

A *peer* is one way to train a network (`peers`); other *subjects* predict (`predictors`), or
multiply the matrices of a step and nothing else (`products`). Each is built and measured in a
process of its own (`worker`, with `processes` at the other end), after it has been seen to
compute what it should. `comparison` goes round the subjects and takes ratios, `measurements`
knows what is measured with whom. A `report` holds all of it, `bars` the limits that this project
promises to keep, and `sections` what there is to say, on the terminal, on the page of the
documentation (`page`) and in the HTML report (`report_section`).
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see `experiments.speed.cli.main`."""
    # Imported here because the measured processes import this package too.
    from experiments.speed import cli

    return cli.main(argv)
