"""Findings on language models: the scores of each run at each position in, the findings out.

predictions ──TokenPredictions──> quality, evidence, reliability, slices, disagreements
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import polars as pl

from stillroom.assess.findings.measure_tokens import (
    TokenPredictions,
    measure_tokens,
    reliability_of_tokens,
)
from stillroom.assess.findings.measure_turns import turn_metrics, turns_evidence
from stillroom.data.encoders import SequenceEncoder
from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER
from stillroom.evaluation.disagreements import MOST, token_disagreements
from stillroom.evaluation.slices.slicing import by_condition, by_own_size
from stillroom.evaluation.slices.verdicts import SliceVerdicts, slice_verdicts
from stillroom.evaluation.statistics.evidence import Evidence, evidence
from stillroom.evaluation.statistics.turns_evidence import TurnsEvidence
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting.thumbnails import token_thumbnails

Records = list[dict[str, Any]]


@dataclass(frozen=True)
class TokenFindings:
    """The findings on language models; the methods are those of `findings.Findings`.

    Attributes:
        encoder: the encoder of the sequences.
        predictions: the table that `predict_tokens` returns; it holds only the test split.
    """

    encoder: SequenceEncoder
    predictions: pl.DataFrame

    @property
    def example_ids(self) -> pl.Series:
        """The keys of the sequences."""
        return self.predictions["example_id"]

    @cached_property
    def test(self) -> TokenPredictions:
        """The scores of each run."""
        return TokenPredictions.of_frame(self.predictions)

    def quality(self, bins: int) -> GroupedNumbers:
        """Return the metrics."""
        metrics = measure_tokens(self.test, self.encoder.task, bins)
        return metrics | turn_metrics(self.test, bins)

    def turns(self, bins: int) -> TurnsEvidence | None:
        """Return the quality by turn; None if the texts are no conversations."""
        return turns_evidence(self.test, bins)

    def evidence(self) -> Evidence:
        """Return the statistical evidence."""
        return evidence(self.test.arm_scores(), "sequence")

    def plots(self, bins: int) -> tuple[Records, Records, Records]:
        """Return the records of reliability; for tokens the other plots have no records."""
        return reliability_of_tokens(self.test, bins), [], []

    def slices(self, test: pl.DataFrame, conditions: Mapping[str, str]) -> SliceVerdicts:
        """Return the verdict on the student's NLL for each slice."""
        nll = {arm: -one.log_likelihood for arm, one in self.test.arm_scores().items()}
        slices = [*by_condition(test, conditions), *by_own_size(test)]
        return slice_verdicts(slices, nll[TEACHER], nll[CONTROL], nll[STUDENT], "nll")

    def dark_knowledge(self, test: pl.DataFrame) -> dict[str, Any]:
        """Return {}: there are no classes to compare."""
        del test
        return {}

    def disagreements(self, test: pl.DataFrame) -> dict[str, Any]:
        """Return the positions at which the student's NLL exceeds the teacher's most."""
        teacher, student = (self.test.arms[arm][0].nll for arm in (TEACHER, STUDENT))
        positions = token_disagreements(teacher, student, self.test.lengths, MOST)
        thumbnails = token_thumbnails(
            test, self.encoder, [(one.sequence, one.position) for one in positions]
        )
        return {
            "positions": [asdict(one) for one in positions],
            "shown": [asdict(one) for one in thumbnails],
        }
