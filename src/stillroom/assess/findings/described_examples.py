"""Described examples: findings and every example in, the test split with class and size out."""

import polars as pl

from stillroom.assess.findings.findings import Findings

SIZES = {"tokens": pl.col("tokens").list.len(), "text": pl.col("text").str.len_chars()}


def described(found: Findings, examples: pl.DataFrame) -> pl.DataFrame:
    """Return the examples of the test split, in the order of their predictions.

    Beside their own columns they have `class`, the label's name, and `size`: tokens of a sequence,
    characters of a text.
    """
    test = found.example_ids.to_frame().join(
        examples, on="example_id", how="left", maintain_order="left"
    )
    if found.encoder.classes:
        names = pl.Series(list(found.encoder.classes))
        test = test.with_columns(names.gather(test["label"]).alias("class"))
    size = next((SIZES[column] for column in SIZES if column in test.columns), None)
    return test if size is None else test.with_columns(size.cast(pl.Int64).alias("size"))
