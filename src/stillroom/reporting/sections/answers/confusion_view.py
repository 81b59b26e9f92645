"""Confusion view: the records of the confusion in, one matrix per model out.

confusion.json ──count──> a matrix for each model ──the classes with the most errors──> figures
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.arms import STUDENT
from stillroom.evaluation.confusion import confusion_matrix
from stillroom.evaluation.plot_records import DRAWN
from stillroom.reporting import figures
from stillroom.reporting.figures.canvas import Drawing
from stillroom.reporting.figures.confusion_matrix import worst_classes

Records = list[dict[str, Any]]
Matrix = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ConfusionView:
    """What the template shows.

    Attributes:
        count: how many classes there are.
        drawn: how many of them the figures show.
        confusion: an SVG for each model.
    """

    count: int
    drawn: int
    confusion: tuple[str, ...]


def confusion_view(records: Records, classes: list[str]) -> ConfusionView:
    """Return the matrices of single classes for the page.

    Raises:
        DataError: the records name an unknown class, or lack a model.
    """
    matrices = _matrices(records, classes)
    return ConfusionView(
        count=len(classes),
        drawn=len(worst_classes(matrices[STUDENT])),
        confusion=tuple(
            drawing.svg(f"c-{model}")
            for model, drawing in zip(DRAWN, _drawings(matrices, classes), strict=True)
        ),
    )


def confusion_drawings(records: Records, classes: list[str]) -> list[Drawing]:
    """Return a drawing for each model, all with the classes that the student confuses most.

    Raises:
        DataError: the records name an unknown class, or lack a model.
    """
    return _drawings(_matrices(records, classes), classes)


def _drawings(matrices: dict[str, Matrix], classes: list[str]) -> list[Drawing]:
    worst = worst_classes(matrices[STUDENT])
    names = [classes[index] for index in worst]
    drawings = []
    for model in DRAWN:
        every, some = matrices[model], matrices[model][np.ix_(worst, worst)]
        elsewhere = int(_wrong(every) - _wrong(some))
        drawings.append(figures.confusion(model, some, names, elsewhere))
    return drawings


def _matrices(records: Records, classes: list[str]) -> dict[str, Matrix]:
    index = {name: position for position, name in enumerate(classes)}
    matrices = {}
    for model in DRAWN:
        rows = [row for row in records if row["model"] == model]
        if not rows:
            raise DataError(f"confusion.json lacks {model}. Run the stage evaluate again.")
        unknown = {row[side] for row in rows for side in ("actual", "predicted")} - index.keys()
        if unknown:
            raise DataError(
                f"confusion.json names {min(unknown)!r}, which is not a class of the encoder. "
                "Run the stage evaluate again."
            )
        actual = np.array([index[row["actual"]] for row in rows])
        predicted = np.array([index[row["predicted"]] for row in rows])
        matrices[model] = confusion_matrix(actual, predicted, len(classes))
    return matrices


def _wrong(matrix: Matrix) -> np.int64:
    return matrix.sum() - np.trace(matrix)
