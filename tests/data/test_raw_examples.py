"""Raw examples: the parts become one frame."""

from pathlib import Path

import polars as pl
import pytest

from stillroom.data.raw_examples import RawPart, row_origins, stack_parts, suffix_counts
from stillroom.errors import DataError


def piece(part, *texts, shape=()):
    return RawPart(
        part=part,
        shape=shape,
        content=pl.Series(texts, dtype=pl.String),
        labels=["x"] * len(texts),
        splits=[None] * len(texts),
        origins=row_origins(part, len(texts)),
    )


def test_rows_are_counted_from_zero_in_each_part():
    raw = stack_parts("text", [piece("a.csv", "p", "q"), piece("b.csv", "r")], {})
    assert raw.frame.select("content", "part", "row", "origin").rows() == [
        ("p", "a.csv", 0, "a.csv row 0"),
        ("q", "a.csv", 1, "a.csv row 1"),
        ("r", "b.csv", 0, "b.csv row 0"),
    ]


def test_no_row_at_all_is_refused():
    with pytest.raises(DataError, match=r"a\.csv holds no rows"):
        stack_parts("text", [piece("a.csv")], {})


def test_parts_of_two_shapes_are_refused():
    pieces = [piece("a", "p", shape=(2, 2, 1)), piece("b", "q", shape=(2, 3, 1))]
    with pytest.raises(DataError, match="b row 0 is 2x3x1, but a row 0 is 2x2x1"):
        stack_parts("text", pieces, {})


def test_files_that_were_not_read_are_counted_by_suffix(tmp_path: Path) -> None:
    for name in ("a.heic", "b.HEIC", "notes", ".hidden"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    assert suffix_counts(tmp_path.iterdir()) == {".heic": 2, "no suffix": 1}
