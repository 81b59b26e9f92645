"""Nodes of evaluate that say where to look: slices, similar classes, single examples.

predictions, examples ──slice_tests──> slices
                      ├─know_classes──> dark_knowledge
                      └─part_examples──> parted
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import Evaluate
from stillroom.io.rounding import rounded
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    import polars as pl

    from stillroom.pipelines.evaluate.findings import Findings

Document = dict[str, Any]


def slice_tests(
    predictions: TableFile, examples: TableFile, encoder: Path, evaluate: Evaluate
) -> Document:
    """Return what each slice of the test split says of the student, as `Judged`.

    Args:
        predictions: as `predict` returns them.
        examples: every example.
        encoder: of them.
        evaluate: names slices of one's own.

    Raises:
        ConfigError: a condition of `evaluate.slices` is no expression of the examples' columns.
    """
    from stillroom.pipelines.evaluate.findings import findings

    found = findings(predictions, encoder)
    return rounded(asdict(found.slices(_tested(found, examples), evaluate.slices)))


def know_classes(predictions: TableFile, examples: TableFile, encoder: Path) -> Document:
    """Return what the teachers find similar to what, and how much of it the student learnt.

    Of a vocabulary there is none.

    Args:
        predictions, examples, encoder: as of `slice_tests`.
    """
    from stillroom.pipelines.evaluate.findings import findings

    found = findings(predictions, encoder)
    return rounded(found.dark_knowledge(_tested(found, examples)))


def part_examples(predictions: TableFile, examples: TableFile, encoder: Path) -> Document:
    """Return the test examples on which the student that ships and its teacher part most.

    Args:
        predictions, examples, encoder: as of `slice_tests`.
    """
    from stillroom.pipelines.evaluate.findings import findings

    found = findings(predictions, encoder)
    return rounded(found.parted(_tested(found, examples)))


def _tested(found: "Findings", examples: TableFile) -> "pl.DataFrame":
    """Return the examples of the test split, in the order of their predictions.

    Beside their own columns they have `class`, the label's name, and `size`: tokens of a sequence,
    characters of a text.
    """
    import polars as pl

    test = found.example_ids.to_frame().join(
        examples.read(), on="example_id", how="left", maintain_order="left"
    )
    if found.encoder.classes:
        names = pl.Series(list(found.encoder.classes))
        test = test.with_columns(names.gather(test["label"]).alias("class"))
    sizes = {"tokens": pl.col("tokens").list.len(), "text": pl.col("text").str.len_chars()}
    of_one = next((sizes[column] for column in sizes if column in test.columns), None)
    return test if of_one is None else test.with_columns(of_one.cast(pl.Int64).alias("size"))
