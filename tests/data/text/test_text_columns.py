"""Text columns: the same texts from every format, a few rows at a time."""

from pathlib import Path

import polars as pl
import pytest
from support.examples.table_request import a_request, limits

from stillroom.data.files.input_file import open_input
from stillroom.data.text.text_columns import column_texts
from stillroom.errors import DataError

TEXTS = ["one, two", 'three "four"', "five\nsix", "s\u00e9pt \U0001f642"]


def texts(path: Path, column: str) -> list[str]:
    with open_input(path, path.name, limits()) as file:
        return list(column_texts(file, a_request(path.name, [column])))


def write(frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.write_parquet(path)
    elif path.suffix == ".csv":
        frame.write_csv(path)
    else:
        frame.write_ndjson(path)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl", ".ndjson"])
def test_every_format_gives_the_same_texts(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write(pl.DataFrame({"n": range(4), "body": TEXTS}), path)
    assert texts(path, "body") == TEXTS
    with pytest.raises(DataError, match=r"no column bodi\. Did you mean body\?"):
        texts(path, "bodi")


def test_a_text_longer_than_a_field_of_csv_usually_is(tmp_path: Path) -> None:
    write(pl.DataFrame({"body": ["x" * 200_000]}), tmp_path / "a.csv")
    assert texts(tmp_path / "a.csv", "body") == ["x" * 200_000]


def test_numbers_are_no_texts(tmp_path: Path) -> None:
    write(pl.DataFrame({"body": [1, 2]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"column body holds numbers; allowed: text"):
        texts(tmp_path / "a.parquet", "body")
