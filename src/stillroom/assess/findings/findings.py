"""Findings: the table of predictions in, what may be said of it out, whatever the models answer.

predictions, encoder ──findings──> ClassFindings | TokenFindings
    ──> quality, evidence, plots, slices, dark knowledge, examples on which they part
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
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.io.tables import TableFile

Records = list[dict[str, Any]]


class Findings(Protocol):
    """What was predicted of the test split."""

    @property
    def encoder(self) -> Encoder:
        """Of the examples."""
        ...

    @property
    def example_ids(self) -> pl.Series:
        """Keys of the test split's N examples, in the order of everything below."""
        ...

    def quality(self, bins: int) -> GroupedNumbers:
        """Return the metrics of each arm, means over its runs, and what the teacher brought."""
        ...

    def evidence(self) -> Evidence:
        """Return what may be concluded from them."""
        ...

    def plots(self, bins: int) -> tuple[Records, Records, Records]:
        """Return the records of reliability, confusion and similarity; [] where there is none."""
        ...

    def slices(self, test: pl.DataFrame, conditions: Mapping[str, str]) -> SliceVerdicts:
        """Return what each slice says of the student.

        Args:
            test: the N examples, with their `size` where they have one.
            conditions: of slices of one's own, by name.
        """
        ...

    def dark_knowledge(self, test: pl.DataFrame) -> dict[str, Any]:
        """Return what the teachers find similar to what; {} of a vocabulary."""
        ...

    def disagreements(self, test: pl.DataFrame) -> dict[str, Any]:
        """Return where the student that ships and its teacher part most, and what it looks like."""
        ...


def findings(predictions: TableFile, encoder: Path) -> Findings:
    """Return what can be said of predictions.

    Args:
        predictions: as `predict` returns them.
        encoder: the folder of the encoder.

    Raises:
        DataError: they cannot be read.
    """
    fitted, frame = read_encoder(encoder), predictions.read()
    if isinstance(fitted, SequenceEncoder):
        return TokenFindings(fitted, frame)
    return ClassFindings(fitted, frame)
