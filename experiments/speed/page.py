"""The page of the documentation that shows the latest measurements."""

from __future__ import annotations

from pathlib import Path

from experiments.files import save_text
from experiments.speed.document import as_markdown
from experiments.speed.report import Report
from experiments.speed.sections import sections_of
from experiments.speed.sizes_text import PICTURE

__all__ = ["IMAGES", "write_page"]

IMAGES = "images"

TEXT = """\
# Speed

Small networks are where a library's own cost is most of a training step. Here every peer trains the
same tanh networks by gradient descent in float32, from the same weights on the same batches, and
must arrive at the same loss and the same parameters before it is measured. Peers run in processes
of their own, one at a time, in rounds; a ratio is taken within a round, so that a machine which is
slow for a while slows both. What other programs do meanwhile is watched, and a measurement that
they disturbed is taken again.

This page is written by

```sh
pip install -e ".[compile,peers]"
python -m experiments speed --page docs/speed.md
```

which takes half an hour and wants a machine with nothing else to do. `--sizes`, `--memory`,
`--prediction` or `--table` measure one part anew, and `--saved` writes the page from what is there.
Every round of every measurement is kept in `results/speed.json`.

{sections}
"""


def write_page(report: Report, path: Path) -> None:
    """Write the page, and its picture into a directory beside it.

    Parameters
    ----------
    report : Report
    path : Path
        The Markdown file, written whole or not at all.
    """
    if report.sizes:
        from experiments.speed.sizes_plot import save_sizes

        images = path.parent / IMAGES
        images.mkdir(exist_ok=True)
        save_sizes(report.sweeps, report.sizes, images / f"{PICTURE}.png")
    save_text(path, TEXT.format(sections=as_markdown(sections_of(report), IMAGES)))
