"""Table formats: which files are tables, and the way out for those that are not."""

from pathlib import Path

import pytest

from stillroom.data.tables.table_formats import (
    no_table,
    table_suffix,
    tables_beside_others,
    tables_of,
)


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("a.csv", ".csv"),
        ("a.b.TSV", ".tsv"),
        ("a.tab", ".tab"),
        ("a.jsonl.gz", ".jsonl.gz"),
        ("A.CSV.GZ", ".csv.gz"),
        ("a.parquet", ".parquet"),
        ("a.arrow", ".arrow"),
        ("a.feather", ".feather"),
        ("a.json", ".json"),
        ("a.parquet.gz", None),
        ("a.xlsx", None),
        ("dataset_info.json", None),
        ("state.json", None),
        ("csv", None),
    ],
)
def test_the_suffix_of_a_table(name, suffix):
    assert table_suffix(Path(name)) == suffix


def test_json_documents_are_tables_only_where_nothing_else_is():
    json, csv = Path("a.json"), Path("b.csv")
    assert tables_of([json, csv]) == [csv]
    assert tables_of([json]) == [json]
    assert tables_beside_others([json]) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.xlsx", "save the sheet as CSV"),
        ("a.csv.zip", "unpack it"),
        ("a.csv.bz2", "unpack it"),
        ("a.pkl", r"pandas\.DataFrame\.to_parquet"),
        ("a.txt", "holds no table"),
    ],
)
def test_a_file_of_another_program_is_refused_with_a_way_out(name, words):
    words = words.replace("\\", "")
    message = str(no_table("data", [Path("README"), Path(name)]))
    assert words in message
    assert "Allowed: .parquet, .csv" in message
