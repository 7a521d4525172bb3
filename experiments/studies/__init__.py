"""Small studies of what the document says about optimization: measured, drawn, concluded."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from experiments.runs import CODE, versions
from experiments.studies import (
    boundary,
    gradient_noise,
    landscape,
    oscillation,
    recipe,
    remedies,
    width,
)
from experiments.studies.study import Study
from experiments.work import Piece, Record, fingerprint

__all__ = ["STUDIES", "Study", "study_pieces"]

STUDIES = {
    study.name: study
    for study in (
        oscillation.STUDY,
        gradient_noise.STUDY,
        remedies.STUDY,
        recipe.STUDY,
        landscape.STUDY,
        boundary.STUDY,
        width.STUDY,
    )
}
"""In the order of the report."""

STUDY_CODE = (*CODE, "experiments/tasks.py", "experiments/style.py", "experiments/panels.py")


def study_pieces(
    names: Sequence[str], records: Path, pictures: Path, *, quick: bool
) -> dict[str, Piece]:
    """One piece of work for each study: it measures, draws and concludes.

    Parameters
    ----------
    names : sequence of str
    records, pictures : Path
        Directories.
    quick : bool
        Measure hardly anything.
    """
    return {
        name: Piece(
            STUDIES[name].title,
            records / "studies" / f"{name}.json",
            fingerprint(
                {"study": name, "quick": quick, "versions": versions()},
                (*STUDY_CODE, "experiments/studies"),
            ),
            partial(_carry_out, name, pictures, quick=quick),
            size=STUDIES[name].size // (100 if quick else 1),
            files=tuple(pictures / f"study_{name}{ending}" for ending in (".png", ".svg")),
        )
        for name in names
    }


def _carry_out(name: str, pictures: Path, *, quick: bool) -> Record:
    study = STUDIES[name]
    numbers = study.measure(quick)
    study.draw(numbers, pictures / f"study_{name}.png")
    return {
        "name": name,
        "title": study.title,
        "question": study.question,
        "conclusion": study.conclude(numbers),
        "numbers": numbers,
        "pictures": {f"study_{name}": study.caption},
    }
