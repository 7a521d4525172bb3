"""The page of the documentation that a run of the comparison writes."""

from __future__ import annotations

from pathlib import Path

from experiments.speed.report import Report

__all__ = ["write_page"]

TEXT = """\
# Speed

This page is written by

```sh
pip install -e ".[compile,peers]"
python -m experiments speed --page docs/speed.md
```

on two cores, float32, tanh networks trained by gradient descent. Every peer trains the same network
from the same weights on the same batches, and must arrive at the same parameters before it is
measured. Peers run in processes of their own, one at a time, in rounds; a ratio is taken within a
round. Every step computes its loss.

{tables}

## What is where

- **Small networks.** A step is a few thousand multiplications, so it is the calls that cost. Eager
  libraries pay for each operation; a scan in machine code pays for none. Products are put together
  from tiles of constant size that stay in vector registers, biases and updates are part of the
  products, and all loops between them are vectorised.
- **Middling and large networks.** The products are most of the work, and every library has a good
  implementation of them. In the scan, the update of the weights costs no extra pass over them. Each
  of its threads has a fixed part of a step: a library whose threads share smaller pieces suffers
  less from other programs on the same cores.
- **The replay** spares Python the recording and the backward pass; what is left is NumPy's own cost
  of some forty calls, and of new arrays for the new state.
"""


def write_page(report: Report, path: Path) -> None:
    """Write the page.

    Parameters
    ----------
    report : Report
        Of a finished run.
    path : Path
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXT.format(tables=report.as_markdown()), encoding="utf-8")
