"""Pictures are PNG files of the promised size with something in them."""

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from experiments.datasets import Synthetic
from experiments.distributions import clusters_on_circle
from experiments.panels import figure_curves
from experiments.plots import (
    FIT_SIZE,
    OVERVIEW_PANEL,
    TRAINING_SIZE,
    save_fit,
    save_overview,
    save_training,
)
from experiments.style import DPI, class_color
from experiments.tasks import TASKS
from experiments.training import train

BY_NAME = {task.name: task for task in TASKS}
# One of each kind of picture.
KINDS = ["xor", "multiclass_scale_1.0", "sine_regression", "breast_cancer", "digits", "diabetes"]


@pytest.mark.parametrize("name", KINDS)
def test_a_fit_is_drawn(name, tmp_path):
    path = tmp_path / "fit.png"
    save_fit(train(BY_NAME[name], quick=True), path)
    check_picture(path, FIT_SIZE)


def test_many_classes_are_drawn(tmp_path):
    """More than there are colors."""
    task = replace(
        BY_NAME["multiclass_scale_1.0"],
        data=Synthetic(clusters_on_circle(8, radius=5.0, sigma=1.0), training_points=100),
        layers=((8, "softmax"),),
    )
    save_fit(train(task, quick=True), tmp_path / "fit.png")
    check_picture(tmp_path / "fit.png", FIT_SIZE)


@pytest.mark.parametrize("name", ["xor", "sine_regression"])
def test_a_training_is_drawn(name, tmp_path):
    path = tmp_path / "training.png"
    save_training(train(BY_NAME[name], quick=True), path)
    check_picture(path, TRAINING_SIZE)


def test_no_accuracy_above_one_hundred_percent_is_on_the_axis():
    result = train(BY_NAME["multiclass_scale_0.5"], quick=True)
    perfect = replace(result, training_curve=[0.99, 1.0], test_curve=[0.98, 1.0])
    for shown in (result, perfect):
        axes = Figure().subplots()
        figure_curves(axes, shown)
        bottom, top = axes.get_ylim()
        assert bottom < 100 * min(shown.training_curve + shown.test_curve)
        assert top > 100
        assert max(tick for tick in axes.get_yticks() if tick <= top) <= 100


@pytest.mark.parametrize(("count", "columns", "rows"), [(2, 2, 1), (5, 4, 2)])
def test_an_overview_has_a_panel_for_each_row(count, columns, rows, tmp_path):
    path = tmp_path / "overview.png"
    result = train(BY_NAME["diabetes"], quick=True)
    save_overview([result] * count, path)
    check_picture(path, (columns * OVERVIEW_PANEL[0], rows * OVERVIEW_PANEL[1]))


def test_the_same_result_gives_the_same_bytes(tmp_path):
    result = train(BY_NAME["xor"], quick=True)
    for name in ("first.png", "second.png"):
        save_fit(result, tmp_path / name)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


def test_both_classes_and_their_regions_are_in_the_picture(tmp_path):
    save_fit(train(BY_NAME["binary_gaussians"], quick=True), tmp_path / "fit.png")
    pixels = imread(tmp_path / "fit.png")[..., :3]
    for label in range(2):
        close = np.abs(pixels - mpl.colors.to_rgb(class_color(label))).max(axis=-1) < 0.02
        assert close.sum() > 1000


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path):
    before = dict(mpl.rcParams)
    save_training(train(BY_NAME["diabetes"], quick=True), tmp_path / "training.png")
    assert dict(mpl.rcParams) == before


def check_picture(path, size):
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    pixels = imread(path)[..., :3]
    height, width = (round(DPI * inches) for inches in reversed(size))
    assert pixels.shape == (height, width, 3)
    colors = np.unique(np.round(pixels.reshape(-1, 3), 2), axis=0)
    assert len(colors) > 20
    ink = (pixels < 0.5).all(axis=-1)
    assert 0.001 < ink.mean() < 0.3
    # Nothing is cut off: titles and labels keep away from the border.
    border = np.concatenate([ink[:2].ravel(), ink[-2:].ravel(), ink[:, :2].ravel()])
    assert not border.any()
