"""Heat map: paints the cells of a small matrix, each with a shade and a number.

The number in each cell carries the meaning; the shade only leads the eye to it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.reporting.display_names import short
from stillroom.reporting.figures.canvas import ACCENT, FAINT, GREY, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# With more rows than this the numbers are too small to read. The page then shows the most important
# rows, and says so.
MOST = 20
# Above this shade, dark ink on the accent is hard to read.
_DARK = 0.7


def paint_grid(
    axes: "Axes",
    shade: NDArray[np.float64],
    names: list[str],
    text_of: Callable[[int, int], str],
) -> None:
    """Paint each cell of a square matrix with its shade and its number.

    Args:
        axes: where to draw.
        shade: [C, C], from 0 (white) to 1 (grey on the diagonal, the accent elsewhere).
        names: the C names, which stand on both sides.
        text_of: returns the number in the cell of a row and a column; "" for none.
    """
    from matplotlib.colors import to_rgb

    count = len(names)
    hues = np.where(np.eye(count, dtype=bool)[..., None], to_rgb("#afb8c1"), to_rgb(ACCENT))
    colours = 1 - shade[..., None] * (1 - hues)
    axes.pcolormesh(colours, edgecolors=FAINT, linewidth=0.5)
    axes.invert_yaxis()
    axes.set_aspect("equal")
    size = min(9.0, 90 / count)
    for row in range(count):
        for column in range(count):
            text = text_of(row, column)
            if text:
                dark = row != column and shade[row, column] > _DARK
                ink = "white" if dark else INK
                _number(axes, row, column, text, {"color": ink, "fontsize": size})
    _name_sides(axes, names)


def _number(axes: "Axes", row: int, column: int, text: str, style: dict[str, Any]) -> None:
    axes.text(column + 0.5, row + 0.5, text, ha="center", va="center", **style)


def _name_sides(axes: "Axes", names: list[str]) -> None:
    places = np.arange(len(names)) + 0.5
    labels = [short(name) for name in names]
    turned = 90 if max(map(len, labels), default=0) > 2 else 0
    size = 10 if len(names) <= 10 else 8
    axes.set_xticks(places, labels, rotation=turned, color=GREY, fontsize=size)
    axes.set_yticks(places, labels, color=GREY, fontsize=size)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
