"""Confusion: counts of true and predicted classes in, a shaded matrix out."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.reporting.display_names import title
from stillroom.reporting.figures.canvas import ACCENT, INK, Drawing
from stillroom.reporting.figures.heatmap import MOST, paint_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 360, 380
# The shade of a cell that holds a single example: faint, yet not white.
_LEAST_SHADE = 0.12


def confusion(
    model: str, matrix: NDArray[np.int64], classes: list[str], elsewhere: int = 0
) -> Drawing:
    """Return a drawing of the counts: rows the true class, columns the answer.

    Args:
        model: the model that gave the answers.
        matrix: [C, C] counts.
        classes: the C names; C is at most `MOST` (see `worst_classes`).
        elsewhere: the number of wrong answers outside the matrix, whose true or predicted class is
            not in it.
    """
    errors = matrix * (1 - np.eye(len(matrix), dtype=np.int64))
    wrong = f"{errors.sum() + elsewhere:,} wrong"
    errors_text = f"{wrong}, {errors.sum():,} of them here" if elsewhere else wrong
    shade = _shade(errors) + np.diag(_shade(np.diag(matrix)) * 0.5)

    def paint(axes: "Axes") -> None:
        paint_grid(axes, shade, classes, lambda row, column: _count(matrix[row, column]))
        axes.set(xlabel="answer", ylabel="true class")
        axes.set_title(
            f"{title(model)}: {errors_text}",
            color=ACCENT if model == "student" else INK,
        )

    description = f"Confusion of {title(model)}: {errors.sum()} of {matrix.sum()} wrong"
    description += f", {elsewhere:,} more elsewhere" if elsewhere else ""
    return Drawing(WIDTH, HEIGHT, description, paint)


def worst_classes(matrix: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the indices of the `MOST` classes with the most errors, in the classes' order."""
    errors = matrix.sum(axis=0) + matrix.sum(axis=1) - 2 * np.diag(matrix)
    worst = np.argsort(-errors, kind="stable")[:MOST]
    return np.sort(worst)


def _shade(counts: NDArray[Any]) -> NDArray[np.float64]:
    largest = max(1, int(counts.max(initial=0)))
    return np.where(counts > 0, _LEAST_SHADE + (1 - _LEAST_SHADE) * counts / largest, 0.0)


def _count(number: int) -> str:
    return f"{number}" if number else ""
