"""The described test split: its order, the names of classes, and sizes."""

from pathlib import Path

import polars as pl
from support.examples.image_examples import image_encoder, written

from stillroom.assess.findings.described_examples import described_test
from stillroom.assess.findings.findings import findings
from stillroom.io.tables import TableFile, write_table
from stillroom.models.shape import Shape


def table(frame: pl.DataFrame, path: Path) -> TableFile:
    write_table(frame, path)
    return TableFile(path)


def test_rows_are_in_the_order_of_the_predictions_with_class_and_characters(
    tmp_path: Path,
) -> None:
    encoder = written(image_encoder(Shape((1, 2, 2), ("cat", "dog"))), tmp_path / "e")
    ids = [b"a" * 16, b"b" * 16, b"c" * 16]
    predicted = pl.DataFrame({"example_id": [ids[2], ids[0], ids[1]], "split": ["test"] * 3})
    predicted = predicted.with_columns(
        pl.when(pl.int_range(3) == 2).then(pl.lit("validation")).otherwise("split").alias("split")
    )
    examples = pl.DataFrame({"example_id": ids, "label": [0, 1, 1], "text": ["né", "b", "four"]})
    of_test = findings(table(predicted, tmp_path / "p.parquet"), encoder)
    frame = described_test(of_test, table(examples, tmp_path / "x.parquet"))
    assert frame["example_id"].to_list() == [ids[2], ids[0]]
    assert frame["class"].to_list() == ["dog", "cat"]
    assert frame["size"].to_list() == [4, 2]  # characters, not the three bytes of né
