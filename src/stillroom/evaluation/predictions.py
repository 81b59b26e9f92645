"""Predictions of classifiers: the table of predictions in, arrays by arm and seed out.

predictions ──split──> ClassPredictions: labels [N], {arm: probabilities [S, N, C]} ──> ArmScores
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from stillroom.errors import DataError
from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER, run_of_name
from stillroom.evaluation.metrics import FLOOR
from stillroom.evaluation.statistics.evidence import ArmScores, Choices
from stillroom.evaluation.statistics.scores import Doubles
from stillroom.evaluation.validate_arrays import Labels, checked_labels, checked_probabilities

KEYS = ("example_id", "split", "label")


@dataclass(frozen=True, slots=True, eq=False)
class ClassPredictions:
    """The predictions of classifiers.

    Attributes:
        labels: [N], indices of the true classes.
        arms: the probabilities of each arm's runs, [S, N, C], by seed number.
    """

    labels: Labels
    arms: Mapping[str, Doubles]

    @classmethod
    def of_frame(cls, predictions: pl.DataFrame, split: str) -> "ClassPredictions":
        """Return the predictions for a split, which may have no rows.

        Raises:
            DataError: a run is missing, or its answers are not distributions over the classes.
        """
        rows = predictions.filter(pl.col("split") == split)
        runs: dict[str, list[Doubles]] = {}
        for name in sorted(
            set(rows.columns) - set(KEYS), key=lambda name: run_of_name(name).number
        ):
            runs.setdefault(run_of_name(name).arm, []).append(_dense(rows[name]))
        missing = {TEACHER, CONTROL, STUDENT} - runs.keys()
        if missing:
            raise DataError(
                f"the predictions lack {min(missing)}. Run `kedro run --pipeline=evaluate`."
            )
        arms = {arm: np.stack(of_arm) for arm, of_arm in runs.items()}
        if len({of_arm.shape[2] for of_arm in arms.values()}) > 1:
            raise DataError(
                "the runs have different numbers of classes. Run `kedro run --pipeline=evaluate`."
            )
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
        """Return [N, C], the predictions of the teacher or of an arm's first run, which ships."""
        return self.arms[arm][0]

    def arm_scores(self) -> dict[str, ArmScores]:
        """Return the scores of each arm."""
        return {arm: self._choices(arm).arm_scores() for arm in self.arms}

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
    """Return a column of lists as [N, C].

    Raises:
        DataError: the lists differ in length.
    """
    lengths = column.list.len().unique().to_list()
    if len(lengths) > 1:
        raise DataError(
            f"{column.name} has rows of {lengths} classes. Run `kedro run --pipeline=evaluate`."
        )
    flat = column.explode(empty_as_null=False).to_numpy().astype(np.float64)
    return flat.reshape(len(column), lengths[0] if lengths else 0)
