"""Findings on classifiers: a distribution per example and run in, what may be said of it out.

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
    """What classifiers say; the methods are those of `findings.Findings`.

    Attributes:
        encoder: whose classes name the outputs.
        predictions: as `predict_classes` returns them.
    """

    encoder: Encoder
    predictions: pl.DataFrame

    @property
    def example_ids(self) -> pl.Series:
        """Keys of the test split."""
        return self.predictions.filter(pl.col("split") == TEST)["example_id"]

    @cached_property
    def test(self) -> ClassPredictions:
        """What each run says of the test split."""
        return ClassPredictions.of_frame(self.predictions, TEST)

    def quality(self, bins: int) -> GroupedNumbers:
        """Return the metrics; temperatures are fitted on the validation split."""
        return measure_classes(
            self.test, ClassPredictions.of_frame(self.predictions, VALIDATION), bins
        )

    def evidence(self) -> Evidence:
        """Return what may be concluded."""
        return evidence(self.test.arm_scores())

    def plots(self, bins: int) -> tuple[Records, Records, Records]:
        """Return the records of all three."""
        return plots(self.test, self.encoder.classes, bins)

    def slices(self, test: pl.DataFrame, conditions: Mapping[str, str]) -> SliceVerdicts:
        """Return what each slice says of the student's accuracy."""
        right = {arm: one.right for arm, one in self.test.arm_scores().items()}
        slices = [
            *by_condition(test, conditions),
            *by_class(self.test.labels, self.encoder.classes),
            *by_confidence(self.test.first(TEACHER).max(axis=1)),
            *by_own_size(test),
        ]
        return slice_verdicts(slices, right[TEACHER], right[CONTROL], right[STUDENT], "accuracy")

    def dark_knowledge(self, test: pl.DataFrame) -> dict[str, Any]:
        """Return classes that look alike, with an example of each pair."""
        found = dark_knowledge(
            self.test.first(TEACHER),
            self.test.arms[STUDENT],
            self.test.arms[CONTROL],
            self.test.labels,
            self.encoder.classes,
            MOST_IN_GRID,
            MOST_PAIRS,
        )
        return {
            "knowledge": asdict(found),
            "shown": self._shown(test, [pair.row for pair in found.pairs]),
        }

    def disagreements(self, test: pl.DataFrame) -> dict[str, Any]:
        """Return the examples on which most is lost, and those on which they are furthest apart."""
        teacher, student = self.test.first(TEACHER), self.test.first(STUDENT)
        found = disagreements(teacher, student, self.test.labels, self.encoder.classes, MOST)
        return {
            "disagreements": asdict(found),
            "lost": self._shown(test, [one.row for one in found.lost]),
            "apart": self._shown(test, [one.row for one in found.apart]),
        }

    def _shown(self, test: pl.DataFrame, rows: Sequence[int]) -> Records:
        return [asdict(one) for one in example_thumbnails(test, self.encoder, rows)]
