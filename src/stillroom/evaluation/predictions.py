"""Answers: the table of what every run says of the same rows in, arrays by arm and seed out.

predictions ──split──> Answers: labels [N], {arm: probabilities [S, N, C]} ──> Marks
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER, of_name
from stillroom.evaluation.metrics import FLOOR
from stillroom.evaluation.statistics.evidence import Choices, Marks
from stillroom.evaluation.validate_arrays import Labels, checked_labels, checked_probabilities

Doubles = NDArray[np.float64]
KEYS = ("example_id", "split", "label")


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What classifiers say.

    Attributes:
        labels: [N], indices of the true classes.
        arms: of each arm the probabilities of its runs, [S, N, C], by seed number.
    """

    labels: Labels
    arms: Mapping[str, Doubles]

    @classmethod
    def of_frame(cls, predictions: pl.DataFrame, split: str) -> "Answers":
        """Return those of the rows of a split, of which there may be none.

        Raises:
            DataError: a run is missing, or its answers are no distributions of as many classes.
        """
        rows = predictions.filter(pl.col("split") == split)
        found: dict[str, list[Doubles]] = {}
        for name in sorted(set(rows.columns) - set(KEYS), key=lambda name: of_name(name).number):
            found.setdefault(of_name(name).arm, []).append(_dense(rows[name]))
        missing = {TEACHER, CONTROL, STUDENT} - found.keys()
        if missing:
            raise DataError(f"the predictions lack {min(missing)}. Run the stage evaluate again.")
        arms = {arm: np.stack(of_arm) for arm, of_arm in found.items()}
        if len({of_arm.shape[2] for of_arm in arms.values()}) > 1:
            raise DataError("runs answer for other classes. Run the stage evaluate again.")
        labels = rows["label"].to_numpy()
        for name, of_arm in arms.items():
            for answers in of_arm if len(rows) else ():
                checked_probabilities(answers, name)
        shape = arms[TEACHER].shape[1:]
        return cls(checked_labels(labels, shape) if len(rows) else labels, arms)

    def __len__(self) -> int:
        """Return N."""
        return len(self.labels)

    def first(self, arm: str) -> Doubles:
        """Return [N, C], of the run that ships, or of the teacher."""
        return self.arms[arm][0]

    def marks(self) -> dict[str, Marks]:
        """Return what each arm got."""
        return {arm: self._choices(arm).marks() for arm in self.arms}

    def _choices(self, arm: str) -> Choices:
        answers, labels = self.arms[arm], self.labels
        likelihood = answers[:, np.arange(len(labels)), labels]
        first = answers.argmax(axis=2)
        return Choices(
            right=first == labels,
            log_likelihood=np.log(np.clip(likelihood, FLOOR, 1.0)),
            confidence=answers.max(axis=2),
            agrees=first == self.first(TEACHER).argmax(axis=1),
        )


def _dense(column: pl.Series) -> Doubles:
    """Return [N, C] of a column of lists.

    Raises:
        DataError: the lists are not all as long.
    """
    lengths = column.list.len().unique().to_list()
    if len(lengths) > 1:
        raise DataError(f"{column.name} answers for {lengths} classes. Run evaluate again.")
    flat = column.explode(empty_as_null=False).to_numpy().astype(np.float64)
    return flat.reshape(len(column), lengths[0] if lengths else 0)
