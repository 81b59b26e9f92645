"""Shards: what was encoded is what is decoded, and the bytes are judged before they are parsed."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.errors import SoftLabelError
from stillroom.io.hashing import sha256_bytes
from stillroom.softlabels.shard import SCHEMA, Rows, decode, encode
from stillroom.softlabels.sparsify import TopK, top_k


def rows(count: int, classes: int = 5, k: int = 3, seed: int = 0) -> Rows:
    draws = np.random.default_rng(seed)
    logits = draws.normal(size=(count, classes)).astype(np.float32)
    log_p = np.where(draws.random(count) < 0.5, np.nan, -draws.random(count)).astype(np.float32)
    keys = [draws.bytes(16) for _ in range(count)]
    return Rows(keys, keys[::-1], 2, top_k(logits, TopK(k, (1.0, 4.0))), log_p)


def again(content: bytes) -> pa.Table:
    return decode(content, sha256_bytes(content), "a.parquet")


@given(st.integers(1, 40), st.integers(1, 7), st.integers(0, 100))
def test_every_value_survives_the_round_trip_to_the_bit(count: int, k: int, seed: int) -> None:
    made = rows(count, classes=7, k=k, seed=seed)
    table = again(encode(made))
    assert table.schema == SCHEMA
    assert table["example_id"].to_pylist() == made.example_ids
    assert table["input_key"].to_pylist() == made.input_keys
    assert set(table["member"].to_pylist()) == {2}
    assert table["ids"].to_pylist() == made.sparse.ids.tolist()
    assert (np.array(table["logits"].to_pylist(), np.float32) == made.sparse.logits).all()
    assert (np.array(table["log_z"].to_pylist(), np.float32) == made.sparse.log_z).all()
    nulls = [value is None for value in table["log_p_label"].to_pylist()]
    assert nulls == np.isnan(made.log_p_label).tolist()


def test_equal_rows_give_equal_bytes() -> None:
    assert encode(rows(30)) == encode(rows(30)) != encode(rows(30, seed=1))


def test_truncation_at_any_byte_is_damage() -> None:
    content = encode(rows(3))
    for length in range(0, len(content), 13):
        with pytest.raises(SoftLabelError, match=r"shard a\.parquet is damaged"):
            decode(content[:length], sha256_bytes(content), "a.parquet")


def test_what_is_no_parquet_is_named_though_its_hash_is_right() -> None:
    with pytest.raises(SoftLabelError, match=r"shard a\.parquet is not Parquet"):
        again(b"PAR1 and then nothing")


def test_other_columns_are_named() -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"x": [1]}), sink)
    with pytest.raises(SoftLabelError, match=r"has the columns \['x'\]"):
        again(bytes(sink.getvalue()))
