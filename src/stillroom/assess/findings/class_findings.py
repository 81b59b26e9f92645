"""Findings on classifiers: the predicted distributions of each run in, the findings out.

predictions ──ClassPredictions──> quality, evidence, plots, slices, dark knowledge, disagreements
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import polars as pl

from stillroom.assess.predict.predict_classes import measure_classes
from stillroom.data.encoders import Encoder
from stillroom.data.ingest.splits import TEST, VALIDATION
from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER
from stillroom.evaluation.dark_knowledge.dark_knowledge import dark_knowledge
from stillroom.evaluation.disagreements import MOST, disagreements
from stillroom.evaluation.plot_records import plots
from stillroom.evaluation.predictions import ClassPredictions
from stillroom.evaluation.slices.slicing import by_class, by_condition, by_confidence, by_own_size
from stillroom.evaluation.slices.verdicts import SliceVerdicts, slice_verdicts
from stillroom.evaluation.statistics.evidence import Evidence, evidence
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting.thumbnails import example_thumbnails

MOST_IN_GRID, MOST_PAIRS = 20, 6

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class ClassFindings:
    """The findings on classifiers; the methods are those of `findings.Findings`.

    Attributes:
        encoder: the encoder of the examples; its classes name the outputs.
        predictions: the table that `predict_classes` returns.
    """

    encoder: Encoder
    predictions: pl.DataFrame

    @property
    def example_ids(self) -> pl.Series:
        """The keys of the test split."""
        return self.predictions.filter(pl.col("split") == TEST)["example_id"]

    @cached_property
    def test(self) -> ClassPredictions:
        """The predictions of each run on the test split."""
        return ClassPredictions.of_frame(self.predictions, TEST)

    def quality(self, bins: int) -> GroupedNumbers:
        """Return the metrics; temperatures are fitted on the validation split."""
        return measure_classes(
            self.test, ClassPredictions.of_frame(self.predictions, VALIDATION), bins
        )

    def evidence(self) -> Evidence:
        """Return the statistical evidence."""
        return evidence(self.test.arm_scores())

    def turns(self, bins: int) -> None:
        """Return None: an example has no turns."""
        del bins

    def plots(self, bins: int) -> tuple[Records, Records, Records]:
        """Return the records of reliability, confusion and similarity."""
        return plots(self.test, self.encoder.classes, bins)

    def slices(self, test: pl.DataFrame, conditions: Mapping[str, str]) -> SliceVerdicts:
        """Return the verdict on the student's accuracy for each slice."""
        right = {arm: one.right for arm, one in self.test.arm_scores().items()}
        slices = [
            *by_condition(test, conditions),
            *by_class(self.test.labels, self.encoder.classes),
            *by_confidence(self.test.first(TEACHER).max(axis=1)),
            *by_own_size(test),
        ]
        return slice_verdicts(slices, right[TEACHER], right[CONTROL], right[STUDENT], "accuracy")

    def dark_knowledge(self, test: pl.DataFrame) -> dict[str, Any]:
        """Return which classes the teacher finds similar, with an example of each pair."""
        knowledge = dark_knowledge(
            self.test.first(TEACHER),
            self.test.arms[STUDENT],
            self.test.arms[CONTROL],
            self.test.labels,
            self.encoder.classes,
            MOST_IN_GRID,
            MOST_PAIRS,
        )
        return {
            "knowledge": asdict(knowledge),
            "shown": self._thumbnails(test, [pair.row for pair in knowledge.pairs]),
        }

    def disagreements(self, test: pl.DataFrame) -> dict[str, Any]:
        """Return the examples whose true class loses most probability, and those of largest KL."""
        teacher, student = self.test.first(TEACHER), self.test.first(STUDENT)
        worst = disagreements(teacher, student, self.test.labels, self.encoder.classes, MOST)
        return {
            "disagreements": asdict(worst),
            "lost": self._thumbnails(test, [one.row for one in worst.lost]),
            "apart": self._thumbnails(test, [one.row for one in worst.apart]),
        }

    def _thumbnails(self, test: pl.DataFrame, rows: Sequence[int]) -> Records:
        return [asdict(one) for one in example_thumbnails(test, self.encoder, rows)]
