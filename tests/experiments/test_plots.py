"""Pictures are PNG and SVG files of the promised size with something in them."""

from dataclasses import replace
from functools import cache
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from experiments.course_panels import figure_curves
from experiments.datasets import Synthetic
from experiments.distributions import clusters_on_circle
from experiments.panels import calibration
from experiments.plots import (
    CALIBRATION_SIZE,
    FIT_SIZE,
    OVERVIEW_PANEL,
    TRAINING_SIZE,
    save_calibration,
    save_fit,
    save_histograms,
    save_overview,
    save_training,
)
from experiments.style import DPI, class_color
from experiments.tasks import task_named
from experiments.training import in_quick_run, train

# One of each kind of picture.
KINDS = ["xor", "multiclass_scale_1.0", "sine_regression", "breast_cancer", "digits", "diabetes"]


@cache
def watched(name):
    return train(in_quick_run(task_named(name)), watch=True)


@pytest.mark.parametrize("name", KINDS)
def test_a_fit_is_drawn(name, tmp_path):
    path = tmp_path / "fit.png"
    save_fit(watched(name), path)
    check_picture(path, FIT_SIZE)


def test_many_classes_are_drawn(tmp_path):
    """More than there are colors."""
    task = replace(
        in_quick_run(task_named("multiclass_scale_1.0")),
        data=Synthetic(clusters_on_circle(8, radius=5.0, sigma=1.0), training_points=100),
        layers=((8, "softmax"),),
    )
    save_fit(train(task), tmp_path / "fit.png")
    check_picture(tmp_path / "fit.png", FIT_SIZE)


@pytest.mark.parametrize("name", ["xor", "sine_regression"])
def test_a_training_is_drawn(name, tmp_path):
    path = tmp_path / "training.png"
    save_training(watched(name), path)
    check_picture(path, TRAINING_SIZE)


def test_no_accuracy_above_one_hundred_percent_is_on_the_axis():
    result = watched("multiclass_scale_0.5")
    course = replace(result.course, training_figure=[0.99, 1.0], test_figure=[0.98, 1.0])
    perfect = replace(result, course=course)
    for shown in (result, perfect):
        axes = Figure().subplots()
        figure_curves(axes, shown)
        bottom, top = axes.get_ylim()
        assert bottom < 100 * min(shown.course.training_figure + shown.course.test_figure)
        assert top > 100
        assert max(tick for tick in axes.get_yticks() if tick <= top) <= 100


@pytest.mark.parametrize("name", ["xor", "multiclass_scale_1.0"])
def test_a_calibration_is_drawn(name, tmp_path):
    save_calibration(watched(name), tmp_path / "calibration.png")
    check_picture(tmp_path / "calibration.png", CALIBRATION_SIZE)


def test_histograms_are_drawn_for_every_layer(tmp_path):
    result = watched("digits")
    save_histograms(result, tmp_path / "histograms.png")
    height, width = imread(tmp_path / "histograms.png").shape[:2]
    assert len(result.course.histograms) == 2
    assert (width, height) == pytest.approx((5.6 * DPI, 4.7 * DPI), abs=1)


def test_a_network_that_is_not_watched_has_no_course_to_draw(tmp_path):
    with pytest.raises(ValueError, match="watch=True"):
        save_training(replace(watched("diabetes"), course=None), tmp_path / "training.png")


def test_the_calibration_error_is_the_mean_distance_of_accuracy_and_confidence():
    """A network that is always sure is off by the share in which it is wrong."""
    result = watched("binary_gaussians")
    X, y = result.dataset.X_test, result.dataset.y_test
    wrong = np.mean(result.network.predict(X) != y)
    for weight in result.network.parameters()[-2:]:
        weight.assign(1e4 * weight.data)
    sure = result.network.transform(X)[:, 0]
    assert np.mean((sure < 1e-6) | (sure > 1 - 1e-6)) > 0.99
    error = calibration(Figure().subplots(), Figure().subplots(), result)
    watched.cache_clear()
    assert error == pytest.approx(wrong, abs=0.002)


@pytest.mark.parametrize(("count", "columns", "rows"), [(2, 2, 1), (5, 4, 2)])
def test_an_overview_has_a_panel_for_each_row(count, columns, rows, tmp_path):
    path = tmp_path / "overview.png"
    result = watched("diabetes")
    save_overview([result] * count, path)
    check_picture(path, (columns * OVERVIEW_PANEL[0], rows * OVERVIEW_PANEL[1]))


def test_the_same_result_gives_the_same_bytes(tmp_path):
    result = watched("xor")
    for name in ("first.png", "second.png"):
        save_fit(result, tmp_path / name)
    for ending in ("png", "svg"):
        first, second = (tmp_path / f"{name}.{ending}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()


def test_both_classes_and_their_regions_are_in_the_picture(tmp_path):
    save_fit(watched("binary_gaussians"), tmp_path / "fit.png")
    pixels = imread(tmp_path / "fit.png")[..., :3]
    for label in range(2):
        close = np.abs(pixels - mpl.colors.to_rgb(class_color(label))).max(axis=-1) < 0.02
        assert close.sum() > 1000


def test_drawing_leaves_the_settings_of_matplotlib_alone(tmp_path):
    before = dict(mpl.rcParams)
    save_training(watched("diabetes"), tmp_path / "training.png")
    assert dict(mpl.rcParams) == before


def check_picture(path, size):
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    pixels = imread(path)[..., :3]
    height, width = (round(DPI * inches) for inches in reversed(size))
    assert pixels.shape == (height, width, 3)
    colors = np.round(100 * pixels).astype(int) @ [1, 1000, 1_000_000]
    assert len(np.unique(colors)) > 20
    ink = (pixels < 0.5).all(axis=-1)
    assert 0.001 < ink.mean() < 0.3
    # Nothing is cut off: titles and labels keep away from the border.
    border = np.concatenate([ink[:2].ravel(), ink[-2:].ravel(), ink[:, :2].ravel()])
    assert not border.any()
    drawing = ElementTree.parse(path.with_suffix(".svg")).getroot()
    points = tuple(float(drawing.attrib[side].removesuffix("pt")) for side in ("width", "height"))
    assert points == pytest.approx([72 * inches for inches in size])
