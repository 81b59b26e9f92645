"""Findings: the table of predictions in, every result of evaluate out, for classes or tokens.

predictions, encoder ──findings──> ClassFindings | TokenFindings
    ──> quality, evidence, plots, slices, dark knowledge, disagreements
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from stillroom.assess.findings.class_findings import ClassFindings
from stillroom.assess.findings.token_findings import TokenFindings
from stillroom.data.encoders import Encoder, SequenceEncoder, read_encoder
from stillroom.evaluation.slices.verdicts import SliceVerdicts
from stillroom.evaluation.statistics.evidence import Evidence
from stillroom.evaluation.statistics.turns_evidence import TurnsEvidence
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.io.tables import TableFile

Records = list[dict[str, Any]]


class Findings(Protocol):
    """The results of evaluate on the test split."""

    @property
    def encoder(self) -> Encoder:
        """The encoder of the examples."""
        ...

    @property
    def example_ids(self) -> pl.Series:
        """The keys of the N examples of the test split, in the order of all other results."""
        ...

    def quality(self, bins: int) -> GroupedNumbers:
        """Return the metrics of each arm, as means over its runs, and the gain from the teacher."""
        ...

    def evidence(self) -> Evidence:
        """Return the statistical evidence for the differences between the arms."""
        ...

    def turns(self, bins: int) -> TurnsEvidence | None:
        """Return the quality by the turn of a conversation; None for everything else."""
        ...

    def plots(self, bins: int) -> tuple[Records, Records, Records]:
        """Return the records of reliability, confusion and similarity; [] if a plot has no data."""
        ...

    def slices(self, test: pl.DataFrame, conditions: Mapping[str, str]) -> SliceVerdicts:
        """Return the verdict on the student for each slice.

        Args:
            test: the N examples, with their `size` if they have one.
            conditions: the conditions of the user's own slices, by name.
        """
        ...

    def dark_knowledge(self, test: pl.DataFrame) -> dict[str, Any]:
        """Return which classes the teacher finds similar; {} for language models."""
        ...

    def disagreements(self, test: pl.DataFrame) -> dict[str, Any]:
        """Return the examples on which student and teacher differ most, with thumbnails."""
        ...


def findings(predictions: TableFile, encoder: Path) -> Findings:
    """Return the findings on a table of predictions.

    Args:
        predictions: the table that `predict` returns.
        encoder: the folder of the encoder.

    Raises:
        DataError: the predictions or the encoder cannot be read.
    """
    fitted, frame = read_encoder(encoder), predictions.read()
    if isinstance(fitted, SequenceEncoder):
        return TokenFindings(fitted, frame)
    return ClassFindings(fitted, frame)
