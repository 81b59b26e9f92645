"""Arrow worker: the plain stream that it leaves for the process that called it."""

import hashlib

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest
from support.examples.table_request import a_request, limits

from stillroom.data.tables.arrow_worker import request_document, unpack
from stillroom.errors import DataError


def test_the_stream_holds_the_wanted_columns_and_the_hubs_description_alone(tmp_path):
    stored = {"huggingface": "{}", "pandas": "x"}
    table = pa.table({"a": [1, 2], "b": pa.array(["x", "x"]).dictionary_encode(), "c": [0, 0]})
    pq.write_table(table.replace_schema_metadata(stored), tmp_path / "t.parquet")
    document = request_document(a_request("t.parquet", ["b", "a"]))
    result = unpack(str(tmp_path / "t.parquet"), document, str(tmp_path / "out"))
    assert result == {
        "sha256": hashlib.sha256((tmp_path / "t.parquet").read_bytes()).hexdigest(),
        "names": {"b": "b", "a": "a"},
        "notices": [],
    }
    with pa.ipc.open_stream(tmp_path / "out") as reader:
        read = reader.read_all()
    assert read.schema.metadata == {b"huggingface": b"{}"}
    assert read.select(["a", "b"]).to_pydict() == {"a": [1, 2], "b": ["x", "x"]}
    assert not pa.types.is_dictionary(read.schema.field("b").type)


def test_limits_and_optional_columns_are_those_of_the_request(tmp_path):
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "t.parquet")
    path, out = str(tmp_path / "t.parquet"), str(tmp_path / "out")
    request = a_request("t.parquet", ["a", "b"], optional=frozenset("b"), limits=limits(rows=2))
    assert unpack(path, request_document(request), out)["names"] == {"a": "a"}
    request = a_request("t.parquet", ["a"], limits=limits(rows=1))
    with pytest.raises(DataError, match="more than 1 rows"):
        unpack(path, request_document(request), out)
