"""Shard files: every way to read a shard compares its bytes with the manifest's hash first."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from support.softlabels.linear_teachers import (
    Captured,
)

from stillroom.errors import SoftLabelError
from stillroom.softlabels.reading.label_set import SoftLabelSet

READERS: dict[str, Callable[[SoftLabelSet], Any]] = {
    "inputs are counted": lambda labels: labels.captured_inputs,
    "keys, shard by shard": lambda labels: list(labels.example_ids_by_shard(0)),
    "keys of a member": lambda labels: labels.example_ids(0),
    "tables": lambda labels: list(labels.tables(0)),
    "everything": lambda labels: labels.require_intact(),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("number", [0, 2])
def test_a_flipped_bit_is_named_before_the_bytes_are_parsed(
    captured: Captured, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    shard = captured.labels.manifest.members[0].shards[number]
    path = captured.folder / "shards" / shard.name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(bytes(content))
    parsed: list[int] = []
    parquet_file = pq.ParquetFile

    def counted(*arguments: Any, **options: Any) -> Any:
        parsed.append(1)
        return parquet_file(*arguments, **options)

    monkeypatch.setattr(pq, "ParquetFile", counted)
    with pytest.raises(SoftLabelError, match=f"shard {shard.name} is damaged: its SHA-256"):
        READERS[name](SoftLabelSet(captured.folder))
    assert len(parsed) == number  # those before it, and not the damaged one


def test_inputs_of_a_loaded_member_are_counted_without_reading_its_shards_again(
    captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = SoftLabelSet(captured.folder).captured_inputs
    warm = SoftLabelSet(captured.folder)
    warm.plain(captured.capture_inputs.example_ids, 1.0)
    for shard in (captured.folder / "shards").iterdir():
        shard.unlink()
    assert warm.captured_inputs == cold == len(captured.capture_inputs)


def test_some_columns_come_alone_and_in_the_order_in_which_they_are_named(
    captured: Captured,
) -> None:
    tables = captured.labels._files.tables(0, ["view", "example_id"])
    assert {tuple(table.schema.names) for _, table in tables} == {("view", "example_id")}


def softmax(logits: np.ndarray) -> np.ndarray:
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def test_every_flipped_byte_of_a_shard_is_found_and_the_shard_is_named(captured: Captured) -> None:
    name = captured.labels.manifest.members[1].shards[2].name
    path = captured.folder / "shards" / name
    content = path.read_bytes()
    for position in range(0, len(content), 97):
        damaged = bytearray(content)
        damaged[position] ^= 1
        path.write_bytes(bytes(damaged))
        with pytest.raises(SoftLabelError, match=f"{name} is damaged"):
            SoftLabelSet(captured.folder).plain(captured.capture_inputs.example_ids[:1], 1.0)


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: (path.unlink(), path.mkdir())])
def test_a_missing_shard_is_named_with_the_way_out(
    captured: Captured, damage: Callable[[Path], object]
) -> None:
    path = captured.folder / "shards" / captured.labels.manifest.members[0].shards[1].name
    damage(path)
    with pytest.raises(SoftLabelError, match=f"{path} is missing .*--pipeline=capture"):
        SoftLabelSet(captured.folder).plain(captured.capture_inputs.example_ids[:1], 1.0)


def test_two_shards_that_were_swapped_are_found(captured: Captured) -> None:
    first, second = (
        captured.folder / "shards" / shard.name
        for shard in captured.labels.manifest.members[0].shards[:2]
    )
    a, b = first.read_bytes(), second.read_bytes()
    first.write_bytes(b)
    second.write_bytes(a)
    with pytest.raises(SoftLabelError, match=f"{first.name} is damaged"):
        SoftLabelSet(captured.folder).plain(captured.capture_inputs.example_ids[:1], 1.0)


def test_shards_are_read_from_the_given_folder(captured: Captured, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    (captured.folder / "shards").rename(moved)
    labels = SoftLabelSet(captured.folder, lambda member, shard: moved / shard.name)
    expected = sum(softmax(captured.dense(member)) for member in (0, 1)) / 2
    mean = labels.plain(captured.capture_inputs.example_ids, 1.0).dense()
    assert mean == pytest.approx(expected, abs=1e-7)


def flip_last_byte(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


@pytest.mark.parametrize("harm", [Path.unlink, flip_last_byte], ids=["missing", "damaged"])
def test_any_shard_of_any_member_that_is_missing_or_damaged_is_named(
    captured: Captured, harm: Callable[[Path], None]
) -> None:
    captured.labels.require_intact()
    for member in captured.labels.manifest.members:
        for shard in member.shards:
            path = captured.folder / "shards" / shard.name
            content = path.read_bytes()
            harm(path)
            with pytest.raises(SoftLabelError, match=rf"{shard.name} is (missing|damaged)"):
                SoftLabelSet(captured.folder).require_intact()
            path.write_bytes(content)
    SoftLabelSet(captured.folder).require_intact()
