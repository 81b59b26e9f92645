"""Table files: three formats with equal results and equal refusals."""

import json

import polars as pl
import pytest
from support.examples.table_request import columns_of

from stillroom.errors import DataError


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path, wanted=("text", "label")):
    with pytest.raises(DataError) as refused:
        columns_of(path, wanted)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_csv_values_stay_text(tmp_path):
    path = written(tmp_path, "t.csv", "label,text,other\n007,1,x\n7,,y\n")
    frame = columns_of(path, ["text", "label"]).frame
    assert frame.rows() == [("1", "007"), (None, "7")]
    assert frame.schema == {"text": pl.String, "label": pl.String}


def test_csv_with_quotes_newlines_bom_and_windows_line_ends_is_read(tmp_path):
    path = written(tmp_path, "t.csv", b'\xef\xbb\xbftext,label\r\n"a, ""b""\nc",x\r\n\r\nd,y\r\n')
    frame = columns_of(path, ["text", "label"]).frame
    assert frame.rows() == [('a, "b"\nc', "x"), ("d", "y")]


def test_a_csv_row_that_is_cut_off_is_refused_with_its_row(tmp_path):
    path = written(tmp_path, "t.csv", "text,label\na,x\nb\n")
    assert refusal(path).startswith("t.csv row 1 has 1 fields, but the header has 2.")


def test_a_csv_row_with_too_many_fields_is_refused_with_its_row(tmp_path):
    path = written(tmp_path, "t.csv", "text,label\na,x,y\n")
    assert refusal(path).startswith("t.csv row 0 has 3 fields, but the header has 2.")


def test_a_missing_column_is_refused_with_the_nearest_name(tmp_path):
    path = written(tmp_path, "t.csv", "texts,label\na,x\n")
    message = refusal(path)
    assert message.startswith("t.csv has no column text. Did you mean texts?")
    assert "texts, label" in message


def test_an_empty_csv_is_refused(tmp_path):
    assert "has no column text" in refusal(written(tmp_path, "t.csv", ""))


def test_jsonl_keeps_types_and_takes_an_absent_key_as_missing(tmp_path):
    path = written(tmp_path, "t.jsonl", '{"text": "a", "label": 1}\n\n{"text": "b"}\n')
    frame = columns_of(path, ["text", "label"]).frame
    assert frame.rows() == [("a", 1), ("b", None)]


def test_jsonl_integers_and_fractions_are_one_column_of_numbers(tmp_path):
    path = written(tmp_path, "t.jsonl", '{"a": 1}\n{"a": null}\n{"a": 2.5}\n{"a": 3}\n')
    assert columns_of(path, ["a"]).frame["a"].to_list() == [1.0, None, 2.5, 3.0]


def test_a_type_that_changes_late_in_a_jsonl_column_is_refused_with_its_row(tmp_path):
    lines = [json.dumps({"text": "a", "label": 1})] * 500 + ['{"text": "a", "label": "x"}']
    path = written(tmp_path, "t.jsonl", "\n".join(lines))
    assert refusal(path).startswith(
        "t.jsonl row 500: column label holds 'x' (text), but the rows before hold whole numbers."
    )


@pytest.mark.parametrize(
    "line", ['{"text": "a"', "nonsense", "[" * 100_000, '{"text": ' + "9" * 5000 + "}"]
)
def test_a_line_that_is_not_json_is_refused_with_its_line(tmp_path, line):
    path = written(tmp_path, "t.jsonl", f'{{"text": "a", "label": "x"}}\n{line}\n')
    assert refusal(path).startswith("t.jsonl line 2 is not JSON")


def test_a_line_that_is_no_object_is_refused(tmp_path):
    path = written(tmp_path, "t.jsonl", '["a", "x"]\n')
    assert refusal(path).startswith("t.jsonl line 1 is not a JSON object")


@pytest.mark.parametrize("value", [r'"\ud800"', "9" * 30, '["a"]', "[[1]]", "[true]", '{"a": 1}'])
def test_a_jsonl_value_that_cannot_be_stored_is_refused(tmp_path, value):
    path = written(tmp_path, "t.jsonl", f'{{"text": {value}, "label": "x"}}\n')
    assert refusal(path).startswith("t.jsonl row 0: column text holds")


def test_parquet_gives_its_columns(tmp_path):
    pl.DataFrame({"label": [1, 2], "text": ["a", "b"], "more": [0, 0]}).write_parquet(
        tmp_path / "t.parquet"
    )
    frame = columns_of(tmp_path / "t.parquet", ["text", "label"]).frame
    assert frame.rows() == [("a", 1), ("b", 2)]


def test_a_missing_parquet_column_is_refused_with_the_nearest_name(tmp_path):
    pl.DataFrame({"labels": [1], "text": ["a"]}).write_parquet(tmp_path / "t.parquet")
    assert "no column label. Did you mean labels?" in refusal(tmp_path / "t.parquet")
