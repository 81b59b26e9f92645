"""The index: keys find their examples, and an error names keys that do not match."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from stillroom.errors import SoftLabelError
from stillroom.io.tables import TableFile, write_table
from stillroom.training.data.example_index import ExampleIndex

KEYS = [b"k" * 15 + bytes([at]) for at in (3, 0, 2, 1)]  # one ends in a zero byte


@pytest.fixture
def index(tmp_path: Path) -> ExampleIndex:
    frame = pl.DataFrame(
        {"example_id": KEYS, "split": ["train", "test", "train", "train"], "label": [1, 0, None, 2]}
    )
    write_table(frame[:3], tmp_path / "00001-of-00002.parquet")
    write_table(frame[3:], tmp_path / "00002-of-00002.parquet")
    return ExampleIndex.of(TableFile(tmp_path))


def test_it_is_sorted_by_key_and_knows_files_splits_and_labels(index: ExampleIndex) -> None:
    assert index.keys == sorted(KEYS)
    assert index.files.tolist() == [0, 1, 0, 0]
    assert index.train.tolist() == [False, True, True, True]
    assert index.labels.tolist() == [0, 2, -1, 1]
    train = index.only(index.train)
    assert train.keys == sorted(KEYS)[1:]
    assert train.labels.tolist() == [2, -1, 1]


def test_keys_are_found_in_any_order(index: ExampleIndex) -> None:
    assert index.require(np.array(KEYS, dtype="S16")).tolist() == [3, 0, 2, 1]


@pytest.mark.parametrize("foreign", [b"a" * 16, b"z" * 16])
def test_a_foreign_key_is_named(index: ExampleIndex, foreign: bytes) -> None:
    ids = np.array([KEYS[0], foreign, foreign], dtype="S16")
    with pytest.raises(SoftLabelError, match=f"1 examples .* The first is {foreign.hex()}"):
        index.require(ids)


def test_an_example_with_fewer_soft_labels_than_others_is_named(index: ExampleIndex) -> None:
    index.require_equal(np.array([2, 2, 2, 2]))
    with pytest.raises(SoftLabelError, match=f"1 of 4 .* The first is {KEYS[2].hex()} with 1 of 2"):
        index.require_equal(np.array([2, 2, 1, 2]))
    with pytest.raises(SoftLabelError, match=r"4 of 4 .* with 0 of 1"):
        index.require_equal(np.zeros(4, dtype=np.int64))
