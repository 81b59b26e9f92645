"""Row samples are bounded, the same each time, and as random as the keys."""

from pathlib import Path

import polars as pl

from stillroom.assess.sanity.row_sample import LABELLED, row_sample
from stillroom.io.tables import TableFile, write_table


def table(folder: Path, rows: int) -> TableFile:
    frame = pl.DataFrame(
        {
            "example_id": [bytes([(37 * row) % 256, row % 256]) for row in range(rows)],
            "split": [("train", "train", "test")[row % 3] for row in range(rows)],
            "label": pl.Series([None if row % 2 else row for row in range(rows)], dtype=pl.Int32),
            "text": [f"text {row}" for row in range(rows)],
        }
    )
    write_table(frame, folder / "t.parquet")
    return TableFile(folder / "t.parquet")


def test_the_smallest_keys_of_each_split_are_drawn_whole(tmp_path: Path) -> None:
    examples = table(tmp_path, 120)
    drawn = row_sample(examples, {"train": 5, "test": 2, "validation": 9})
    frame = examples.read().sort("example_id")
    expected = [
        text
        for split, count in (("train", 5), ("test", 2))
        for text in frame.filter(pl.col("split") == split)["text"].head(count)
    ]
    assert sorted(drawn["text"]) == sorted(expected)
    assert drawn["example_id"].is_sorted()


def test_only_some_rows_may_be_drawn(tmp_path: Path) -> None:
    drawn = row_sample(table(tmp_path, 120), {"train": 100}, LABELLED)
    assert drawn.height == 40  # half of the 80 rows of train
    assert drawn["label"].null_count() == 0
