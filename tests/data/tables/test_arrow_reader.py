"""Arrow reader: Parquet, Arrow and Feather, and what they may cost."""

import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from support.examples.table_request import a_request, limits

from stillroom.data.files.input_file import open_input
from stillroom.data.tables.arrow_reader import arrow_errors, open_arrow
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


def frame_of(path, wanted=WANTED, **changes):
    request = a_request(path.name, wanted, **changes)
    with open_input(path, path.name, request.limits) as file, arrow_errors(path.name):
        opened = open_arrow(file, request)
        return pl.concat([pl.DataFrame(batch) for batch in opened.batches]).select(wanted)


def refusal(path, wanted=WANTED, **changes):
    with pytest.raises(DataError) as refused:
        frame_of(path, wanted, **changes)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_gives_the_same_columns(tmp_path, name):
    frame = frame_of(write(TABLE, tmp_path / name))
    assert frame.rows() == [("a", 1), (None, 0), ("c", 1)]
    assert frame.schema == {"text": pl.String, "label": pl.Int64}


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
    frame = frame_of(write(table, tmp_path / name), table.column_names)
    assert frame.rows() == [
        ("a", 1, "x", [1.0, 2.0], [0.5]),
        ("b", 2, "y", [3.0, 4.0], [0.25]),
        ("a", None, "z", [5.0, 6.0], [2.0]),
    ]


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
        for _ in range(10):
            writer.write_table(
                pa.table({"text": many.cast(pa.int64()), "label": many.cast(pa.int64())})
            )
    words = refusal(path)
    assert "its columns take 160,000,000 unpacked" in words


def test_one_long_text_that_is_repeated_is_counted_each_time(tmp_path):
    path = tmp_path / "t.parquet"
    texts = pa.array(["x" * 10**4] * 1000)
    pq.write_table(pa.table({"text": texts, "label": [1] * 1000}), path)
    assert path.stat().st_size < 10**4
    words = refusal(path, limits=limits(bytes=10**6))
    assert "its columns take 10,0" in words


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


def test_every_truncation_of_a_parquet_file_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    pl.DataFrame({"label": [1, 2], "text": ["a", "b"]}).write_parquet(path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 7):
        path.write_bytes(whole[:size])
        assert refusal(path).startswith("t.parquet is not a readable parquet file")


def test_a_flipped_bit_in_a_checksummed_parquet_page_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    table = pl.DataFrame({"label": ["x"] * 50, "text": [f"row {i}" for i in range(50)]}).to_arrow()
    pq.write_table(table, path, write_page_checksum=True, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    content[content.index(b"row 30")] ^= 1
    path.write_bytes(bytes(content))
    assert refusal(path).startswith("t.parquet is not a readable parquet file")
