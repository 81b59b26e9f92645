"""Kept embeddings: they are whole or absent, never another encoder's, and bounded."""

import logging
import os
from pathlib import Path

import numpy as np
import pytest
from support.examples.text_examples import ENCODER, frame

from stillroom.teachers.sentence import kept_embeddings
from stillroom.teachers.sentence.kept_embeddings import (
    old_embeddings,
    read_embeddings,
    row_keys,
    write_embeddings,
)

FIRST, SECOND = "a" * 64, "b" * 64


def some(count: int, start: int = 0) -> dict[bytes, np.ndarray]:
    return {
        number.to_bytes(16, "big"): np.full(4, number, np.float32)
        for number in range(start, start + count)
    }


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.safetensors"))


def assert_equal(kept: dict[bytes, np.ndarray], expected: dict[bytes, np.ndarray]) -> None:
    assert kept.keys() == expected.keys()
    for key, vector in expected.items():
        np.testing.assert_array_equal(kept[key], vector)


def test_an_encoder_reads_only_its_own_embeddings(tmp_path: Path) -> None:
    write_embeddings(tmp_path / "k", FIRST, some(3))
    write_embeddings(tmp_path / "k", SECOND, some(2, 10))
    assert_equal(read_embeddings(tmp_path / "k", FIRST), some(3))
    assert_equal(read_embeddings(tmp_path / "k", SECOND), some(2, 10))
    assert read_embeddings(tmp_path / "none", FIRST) == {}


def test_new_embeddings_join_the_kept_ones_in_one_file(tmp_path: Path) -> None:
    write_embeddings(tmp_path, FIRST, some(3))
    write_embeddings(tmp_path, FIRST, some(2, 3))
    assert_equal(read_embeddings(tmp_path, FIRST), some(5))
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("at", [0, 40, -1])
def test_a_damaged_file_is_removed_and_gives_nothing(
    tmp_path: Path, at: int, caplog: pytest.LogCaptureFixture
) -> None:
    write_embeddings(tmp_path, FIRST, some(3))
    (path,) = files(tmp_path)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        assert read_embeddings(tmp_path, FIRST) == {}
    assert "is damaged and is removed. The encoder runs again." in caplog.text
    assert files(tmp_path) == []


def test_all_files_together_are_bounded_and_the_newest_rows_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_embeddings(tmp_path, FIRST, some(20))
    # 32 bytes a row: 16 of the key and 4 numbers.
    monkeypatch.setattr(kept_embeddings, "LIMIT", 32 * 30)
    write_embeddings(tmp_path, SECOND, some(20, 100))
    assert read_embeddings(tmp_path, FIRST) == {}
    assert_equal(read_embeddings(tmp_path, SECOND), some(20, 100))
    write_embeddings(tmp_path, SECOND, some(20, 200))
    kept = read_embeddings(tmp_path, SECOND)
    assert kept.keys() == (some(20, 200) | some(10, 100)).keys()


def test_what_cannot_be_written_is_a_warning_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    write_embeddings(tmp_path, FIRST, some(3))
    monkeypatch.setattr(kept_embeddings, "write_bytes", full)
    with caplog.at_level(logging.WARNING):
        write_embeddings(tmp_path, FIRST, some(2, 3))
    assert "The embeddings are not kept" in caplog.text
    assert_equal(read_embeddings(tmp_path, FIRST), some(3))


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    leftover = tmp_path / f".{FIRST}-x.safetensors.0.partial"
    leftover.write_bytes(b"half")
    assert read_embeddings(tmp_path, FIRST) == {}
    write_embeddings(tmp_path, FIRST, some(1))
    assert not leftover.exists()


def test_only_files_of_some_age_are_old(tmp_path: Path) -> None:
    for identity in (FIRST, SECOND):
        write_embeddings(tmp_path, identity, some(3))
    (first,) = tmp_path.glob(f"{FIRST}*")
    os.utime(first, (0, 0))
    assert [waste.path for waste in old_embeddings(tmp_path, 14)] == [first]
    assert old_embeddings(tmp_path, 14)[0].bytes == first.stat().st_size
    assert len(old_embeddings(tmp_path, 0)) == 2
    assert old_embeddings(tmp_path / "none", 0) == []


def test_a_key_is_of_the_tokens_and_the_shape_of_the_batch_only() -> None:
    inputs = ENCODER.encode(frame("where is my card?", "my salary is late again", "my salary"))
    keys = row_keys(inputs, 32)
    assert len(set(keys)) == 3
    assert row_keys(inputs[::-1], 32) == keys[::-1]
    assert row_keys(inputs, 64) == keys  # a batch of 16 tokens each has 32 rows at most
    assert not set(row_keys(inputs, 8)) & set(keys)
    relabelled = inputs.copy()
    relabelled[:, 1:] += 1
    assert row_keys(relabelled, 32) == keys
