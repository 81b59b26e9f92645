"""Similarity: the teacher's mean soft labels in, a shaded matrix of them out."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillroom.reporting.figures.canvas import Drawing
from stillroom.reporting.figures.heatmap import paint_grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 400, 410
# A probability below this rounds to "0" in a cell of whole percents and is left blank.
LEAST_SHOWN = 0.005


def similarity(matrix: NDArray[np.float64], classes: list[str]) -> Drawing:
    """Return a drawing of the mean probabilities in percent, with a row for each true class.

    The shade is the square root of the probability divided by the largest one off the diagonal.
    Similar classes get a few percent, which would be invisible on the scale of the diagonal.

    Args:
        matrix: [C, C], the mean probabilities.
        classes: the C names.
    """
    off = matrix * (1 - np.eye(len(matrix)))
    shade = np.sqrt(off / max(float(off.max(initial=0.0)), LEAST_SHOWN))
    shade += np.diag(np.diag(matrix)) * 0.5

    def paint(axes: "Axes") -> None:
        paint_grid(axes, shade, classes, lambda row, column: _percent(matrix[row, column]))
        axes.set(xlabel="the teacher's answer, %", ylabel="true class")

    return Drawing(WIDTH, HEIGHT, "Mean soft label of each true class, in percent", paint)


def _percent(probability: float) -> str:
    return f"{100 * probability:.0f}" if probability >= LEAST_SHOWN else ""
