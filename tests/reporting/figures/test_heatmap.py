"""The grid: numbers stand in their cells and can be read on light and dark shades."""

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

from stillroom.reporting.figures.canvas import ACCENT, INK
from stillroom.reporting.figures.heatmap import paint_grid


@pytest.fixture
def axes() -> Axes:
    return Figure().add_subplot()


def painted(axes: Axes, shade: list[list[float]], names: list[str]) -> dict[tuple[int, int], str]:
    """Paint a grid whose cells hold their place; return the text colours by row and column."""
    paint_grid(axes, np.array(shade), names, lambda row, column: f"{row}{column}")
    colours = {}
    for text in axes.texts:
        column, row = (int(place - 0.5) for place in text.get_position())
        assert text.get_text() == f"{row}{column}"
        colours[row, column] = text.get_color()
    return colours


def test_every_cell_has_its_number_and_dark_ones_white_ink(axes: Axes) -> None:
    inks = painted(axes, [[1.0, 0.9], [0.2, 0.5]], ["a", "b"])
    # On the diagonal the darkest shade is a light grey.
    assert inks == {(0, 0): INK, (0, 1): "white", (1, 0): INK, (1, 1): INK}


def test_shades_go_from_white_to_the_accent_and_to_grey_on_the_diagonal(axes: Axes) -> None:
    painted(axes, [[1.0, 1.0], [0.0, 0.0]], ["a", "b"])
    colours = axes.collections[0].get_array()
    assert to_hex(colours[0, 1]) == ACCENT
    assert to_hex(colours[0, 0]) == "#afb8c1"
    assert to_hex(colours[1, 0]) == to_hex(colours[1, 1]) == "#ffffff"


def test_half_a_shade_is_half_way_to_white(axes: Axes) -> None:
    painted(axes, [[0.0, 0.5], [0.0, 0.0]], ["a", "b"])
    colours = axes.collections[0].get_array()
    np.testing.assert_allclose(colours[0, 1], (1 + np.array(to_rgb(ACCENT))) / 2)


def test_the_first_class_stands_on_top_and_cells_are_square(axes: Axes) -> None:
    painted(axes, [[0.0, 0.0], [0.0, 0.0]], ["a", "b"])
    assert axes.get_ylim() == (2.0, 0.0)
    assert axes.get_aspect() == 1.0
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]


@pytest.mark.parametrize(("names", "turned"), [(["1", "10"], 0), (["a cat", "b"], 90)])
def test_long_names_are_turned(axes: Axes, names: list[str], turned: int) -> None:
    painted(axes, [[0.0, 0.0], [0.0, 0.0]], names)
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {turned}


def test_an_empty_text_is_not_written(axes: Axes) -> None:
    paint_grid(axes, np.zeros((2, 2)), ["a", "b"], lambda row, column: "")
    assert list(axes.texts) == []
