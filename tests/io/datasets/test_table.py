"""Tables as datasets: a handle out, and a preview that a person can read."""

from pathlib import Path

import polars as pl
import pytest

from stillroom.io.datasets.table import ROWS, Table, shown


def test_a_table_comes_back_through_its_handle(tmp_path: Path) -> None:
    dataset = Table(str(tmp_path / "t.parquet"))
    frame = pl.DataFrame({"key": [b"\x01" * 16, b"\x02" * 16], "p": [[0.5, 0.5], [1.0, 0.0]]})
    dataset.save(frame)
    assert dataset.load().read().equals(frame)
    assert dataset.exists()


def test_the_preview_has_the_first_rows_as_text(tmp_path: Path) -> None:
    dataset = Table(str(tmp_path / "t.parquet"))
    dataset.save(pl.DataFrame({"key": [bytes([n]) * 16 for n in range(50)], "n": range(50)}))
    preview = dataset.preview()
    assert preview["columns"] == ["key", "n"]
    assert len(preview["data"]) == len(preview["index"]) == ROWS
    assert preview["data"][3] == ["03" * 16, 3]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"\xab\xcd", "abcd"),
        (b"x" * 784, "784 bytes"),
        ([0.123456, 1.0], "0.1235, 1"),
        (list(range(12)), "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …"),
        (0.123456, 0.1235),
        (None, None),
        ("text", "text"),
    ],
)
def test_values_are_shown_short(value: object, text: object) -> None:
    assert shown(value) == text
