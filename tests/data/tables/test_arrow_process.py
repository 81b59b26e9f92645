"""Arrow tables: columns by way of another process, and the class names of the Hub."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.examples.table_request import columns_of, limits

from stillroom.data.files import input_file
from stillroom.data.tables import arrow_process
from stillroom.data.tables.arrow_process import class_labels
from stillroom.errors import DataError

TABLE = pa.table({"text": ["a", None, "c"], "label": [1, 0, 1]})


def written(table, folder):
    pq.write_table(table, folder / "t.parquet", row_group_size=2)
    return folder / "t.parquet"


def schema(stored):
    return TABLE.replace_schema_metadata({"huggingface": stored}).schema


def features(**label):
    return json.dumps({"info": {"features": {"label": label, "text": {}}}})


def test_columns_their_names_and_notices_come_from_the_other_process(tmp_path):
    stored = {"huggingface": features(names=["neg", "pos"], _type="ClassLabel"), "pandas": "{}"}
    table = TABLE.rename_columns(["text ", "label"]).replace_schema_metadata(stored)
    notices = []
    columns = columns_of(written(table, tmp_path), ("label", "text"), notices=notices)
    assert columns.frame.columns == ["label", "text"]
    assert columns.frame.rows() == [(1, "a"), (0, None), (1, "c")]
    assert columns.class_names == {"label": ("neg", "pos")}
    assert [one.text for one in notices] == [
        "t.parquet: the column 'text ' is read as text, without the blanks."
    ]


def test_a_refusal_of_the_other_process_is_raised_here(tmp_path):
    with pytest.raises(DataError, match=r"^t\.parquet has no column labels\. Did you mean label\?"):
        columns_of(written(TABLE, tmp_path), ("text", "labels"))


def test_a_table_without_rows_keeps_its_columns(tmp_path):
    frame = columns_of(written(TABLE.slice(0, 0), tmp_path), ("text", "label")).frame
    assert (frame.height, frame.columns) == (0, ["text", "label"])


def test_a_parser_that_takes_too_much_memory_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(arrow_process, "_MEMORY", 2**25)
    table = pa.table({"text": ["x" * 10**6] * 100, "label": [1] * 100})
    with pytest.raises(DataError, match=r"t\.parquet (cannot be read|is not a readable)"):
        columns_of(written(table, tmp_path), ("text",), limits=limits())


def test_another_file_for_the_other_process_is_refused(tmp_path, monkeypatch):
    path = written(TABLE, tmp_path)
    monkeypatch.setattr(
        input_file.hashlib, "file_digest", lambda *_: input_file.hashlib.sha256(b"")
    )
    with pytest.raises(DataError, match="changed while it was being read"):
        columns_of(path, ("text",))


def test_class_names_are_those_of_their_column():
    stored = features(names=["neg", "pos"], _type="ClassLabel")
    assert class_labels(schema(stored), "label", "t") == ("neg", "pos")
    assert class_labels(schema(stored), "text", "t") is None
    assert class_labels(schema(features(_type="Value")), "label", "t") is None


@pytest.mark.parametrize(
    "stored",
    ["", "[", "[" * 100_000, "3", '{"info": 3}', '{"info": {"features": {"label": []}}}'],
)
def test_a_description_that_is_none_is_left_alone(stored):
    assert class_labels(schema(stored), "label", "t") is None


@pytest.mark.parametrize("names", [3, ["a", "a"], ["a", 3], ["a", ""]])
def test_class_names_that_are_not_different_texts_are_refused(names):
    with pytest.raises(DataError, match="class name"):
        class_labels(schema(features(names=names, _type="ClassLabel")), "label", "t")
