"""Finding documents: predictions and examples in, the plain values that evaluate writes out.

predictions, encoder ──> metrics and statistics, records of the plots, quality by turn
predictions, examples, encoder ──described_test──> slices, dark knowledge, disagreements

GroupedNumbers are rounded, so that equal predictions give equal bytes.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stillroom.assess.findings.described_examples import described_test
from stillroom.assess.findings.findings import findings
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.io.json.round_numbers import rounded
from stillroom.io.tables import TableFile

Document = dict[str, Any]
Records = list[dict[str, Any]]


def quality_documents(
    predictions: TableFile, encoder: Path, bins: int
) -> tuple[GroupedNumbers, Document]:
    """Return the metrics of each arm with the student's gain, and the evidence as JSON.

    Args:
        predictions: the table that `assess.predict.predict` returns.
        encoder: the folder of the encoder; its `classes` name the outputs.
        bins: the number of bins of the calibration error.

    Raises:
        DataError: the predictions are not distributions, or do not fit the classes.
    """
    of_test = findings(predictions, encoder)
    return rounded(of_test.quality(bins)), rounded(of_test.evidence().to_json())


def plot_documents(
    predictions: TableFile, encoder: Path, bins: int
) -> tuple[Records, Records, Records]:
    """Return the records of reliability, confusion and similarity."""
    return findings(predictions, encoder).plots(bins)


def slices_document(
    predictions: TableFile, examples: TableFile, encoder: Path, conditions: Mapping[str, str]
) -> Document:
    """Return the verdict on each slice of the test split.

    Args:
        predictions, encoder: as in `quality_documents`.
        examples: every example.
        conditions: the user's own slices, by name.

    Raises:
        ConfigError: a condition is not an expression over the examples' columns.
    """
    of_test = findings(predictions, encoder)
    return rounded(asdict(of_test.slices(described_test(of_test, examples), conditions)))


def turns_document(predictions: TableFile, encoder: Path, bins: int) -> Document:
    """Return the quality of each model by the turn of a conversation; {} for other texts."""
    turns = findings(predictions, encoder).turns(bins)
    return {} if turns is None else rounded(turns.to_json())


def dark_knowledge_document(predictions: TableFile, examples: TableFile, encoder: Path) -> Document:
    """Return which classes the teacher finds similar; {} for a language model."""
    of_test = findings(predictions, encoder)
    return rounded(of_test.dark_knowledge(described_test(of_test, examples)))


def disagreements_document(predictions: TableFile, examples: TableFile, encoder: Path) -> Document:
    """Return the test examples on which the student and its teacher differ most."""
    of_test = findings(predictions, encoder)
    return rounded(of_test.disagreements(described_test(of_test, examples)))
