"""Labelled rows: the examples of a split that have a hard label, or tokens to predict."""

import polars as pl

from stillroom.data.encoders import Encoder
from stillroom.data.ingest.splits import TEST
from stillroom.errors import DataError


def test_rows(examples: pl.DataFrame, encoder: Encoder) -> pl.DataFrame:
    """Return the rows of the test split that can be scored."""
    test = labelled_rows(examples, encoder, TEST)
    if test.is_empty():
        raise DataError(
            "no row of the test split has a label. Raise data.test, or give some test rows a label."
        )
    return test


def labelled_rows(examples: pl.DataFrame, encoder: Encoder, split: str) -> pl.DataFrame:
    """Return the rows of a split that can be scored."""
    rows = examples.filter(pl.col("split") == split)
    return rows.filter(pl.col("label").is_not_null()) if encoder.classes else rows
