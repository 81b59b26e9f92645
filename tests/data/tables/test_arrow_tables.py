"""Arrow tables: Parquet, Arrow and Feather, what their schema says, and what they may cost."""

import json

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from support.examples.table_request import columns_of, limits

from stillroom.errors import DataError

TABLE = pa.table({"text": ["a", None, "c"], "label": [1, 0, 1], "more": [0.0, 1.0, 2.0]})
WANTED = ("text", "label")


def write(table, path):
    match path.name:
        case "t.parquet":
            pq.write_table(table, path, row_group_size=2)
        case "stream.arrow":
            with pa.ipc.new_stream(path, table.schema) as writer:
                writer.write_table(table, max_chunksize=2)
        case "file.arrow":
            with pa.ipc.new_file(path, table.schema) as writer:
                writer.write_table(table, max_chunksize=2)
        case "t.feather":
            pyarrow.feather.write_feather(table, path, compression="zstd")
    return path


FORMATS = ["t.parquet", "stream.arrow", "file.arrow", "t.feather"]


def refusal(path, wanted=WANTED, **changes):
    with pytest.raises(DataError) as refused:
        columns_of(path, wanted, **changes)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_the_same_columns(tmp_path, name):
    columns = columns_of(write(TABLE, tmp_path / name), WANTED)
    assert columns.frame.rows() == [("a", 1), (None, 0), ("c", 1)]
    assert columns.frame.schema == {"text": pl.String, "label": pl.Int64}
    assert columns.class_names == {}


@pytest.mark.parametrize("name", FORMATS)
def test_types_that_pandas_and_the_hub_write_are_read(tmp_path, name):
    table = pa.table(
        {
            "text": pa.array(["a", "b", "a"]).dictionary_encode(),
            "label": pa.array([1, 2, None], pa.int8()),
            "large": pa.array(["x", "y", "z"], pa.large_string()),
            "list": pa.array([[1, 2], [3, 4], [5, 6]], pa.list_(pa.float32(), 2)),
            "half": pa.array([[0.5], [0.25], [2]], pa.list_(pa.float16())),
        }
    )
    frame = columns_of(write(table, tmp_path / name), table.column_names).frame
    assert frame.rows() == [
        ("a", 1, "x", [1.0, 2.0], [0.5]),
        ("b", 2, "y", [3.0, 4.0], [0.25]),
        ("a", None, "z", [5.0, 6.0], [2.0]),
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_class_names_of_the_hub_are_found(tmp_path, name):
    features = {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}, "text": {}}
    stored = {"huggingface": json.dumps({"info": {"features": features}})}
    columns = columns_of(write(TABLE.replace_schema_metadata(stored), tmp_path / name), WANTED)
    assert columns.class_names == {"label": ("neg", "pos")}


@pytest.mark.parametrize(
    "stored",
    ["", "[", "[" * 100_000, "3", '{"info": 3}', '{"info": {"features": {"label": []}}}'],
)
def test_a_description_that_is_none_is_left_alone(tmp_path, stored):
    table = TABLE.replace_schema_metadata({"huggingface": stored})
    assert columns_of(write(table, tmp_path / "t.parquet"), WANTED).class_names == {}


@pytest.mark.parametrize("names", [3, ["a", "a"], ["a", 3], ["a", ""]])
def test_class_names_that_are_not_different_texts_are_refused(tmp_path, names):
    features = {"label": {"names": names, "_type": "ClassLabel"}}
    stored = {"huggingface": json.dumps({"info": {"features": features}})}
    path = write(TABLE.replace_schema_metadata(stored), tmp_path / "t.parquet")
    assert "class name" in refusal(path)


@pytest.mark.parametrize("name", FORMATS)
def test_a_column_that_stands_twice_is_refused(tmp_path, name):
    table = pa.table([["a"], ["b"], ["c"]], names=["text", "text", "label"])
    path = tmp_path / name
    if name == "t.feather":
        pytest.skip("pyarrow does not write one")
    assert "has 2 columns called text" in refusal(write(table, path))


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_another_format_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"text,label\na,x\n" * 100)
    assert refusal(tmp_path / name).startswith(f"{name} is not a readable")


def test_six_kilobytes_that_unpack_to_gigabytes_are_refused_before_they_do(tmp_path):
    path = tmp_path / "t.parquet"
    one = pa.array([0]).dictionary_encode()
    many = pa.DictionaryArray.from_arrays(pa.array([0]).take(pa.array([0] * 10**6)), one.dictionary)
    with pq.ParquetWriter(path, pa.schema([("text", pa.int64()), ("label", pa.int64())])) as writer:
        for _ in range(40):
            writer.write_table(
                pa.table({"text": many.cast(pa.int64()), "label": many.cast(pa.int64())})
            )
    words = refusal(path)
    assert "its columns take 640,000,000 unpacked" in words


def test_one_long_text_that_is_repeated_is_counted_each_time(tmp_path):
    path = tmp_path / "t.parquet"
    texts = pa.array(["x" * 10**6] * 1000)
    pq.write_table(pa.table({"text": texts, "label": [1] * 1000}), path)
    del texts
    assert path.stat().st_size < 10**6
    words = refusal(path, limits=limits(bytes=2**28))
    assert "its columns take 1,00" in words


def test_more_rows_than_allowed_are_refused(tmp_path):
    for name in FORMATS:
        path = write(TABLE, tmp_path / name)
        assert "more than 2 rows" in refusal(path, limits=limits(rows=2))


def test_an_offset_beyond_its_buffer_is_refused(tmp_path):
    path = tmp_path / "file.arrow"
    offsets = pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 2**30, 3)))
    bad = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"abc")])
    write(pa.table({"text": bad, "label": [1, 2]}), path)
    assert "is not a readable arrow file" in refusal(path)
