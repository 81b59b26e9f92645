"""Kept fits: what is taken has the bytes that were kept; damage, litter and age are noticed."""

import os
import time
from pathlib import Path

import pytest

from stillroom.training.process.kept_fits import FIT, MODEL, WHY, KeptFits

KEY, OTHER = "a" * 64, "b" * 64
RECORDS = [{"model": "teacher 1", "epoch": 1, "train_loss": 0.1 + 0.2}]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    model = tmp_path / "ensemble" / "member_0"
    (model / "below").mkdir(parents=True)
    (model / "model.safetensors").write_bytes(bytes(range(256)) * 64)
    (model / "below" / "config.json").write_text("{}")
    return model


@pytest.fixture
def kept(tmp_path: Path, model: Path) -> KeptFits:
    kept = KeptFits(tmp_path / "fits")
    kept.keep(KEY, model, RECORDS)
    return kept


def content(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_kept_model_is_taken_with_its_bytes_and_its_curve(
    kept: KeptFits, model: Path, tmp_path: Path
) -> None:
    assert kept.take(KEY, tmp_path / "taken") == RECORDS
    assert content(tmp_path / "taken") == content(model)
    assert kept.take(OTHER, tmp_path / "other") is None
    assert not (tmp_path / "other").exists()


def test_a_write_to_what_was_taken_does_not_change_what_is_kept(
    kept: KeptFits, tmp_path: Path
) -> None:
    kept.take(KEY, tmp_path / "taken")
    with (tmp_path / "taken" / "model.safetensors").open("r+b") as file:
        file.write(b"other")
    assert kept.take(KEY, tmp_path / "again") == RECORDS


@pytest.mark.parametrize("file", [f"{MODEL}/model.safetensors", f"{MODEL}/below/config.json", FIT])
def test_a_flipped_bit_is_named_and_the_fit_is_removed(
    kept: KeptFits, tmp_path: Path, file: str, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = kept.folder / KEY / file
    flipped = bytearray(damaged.read_bytes())
    flipped[len(flipped) // 2] ^= 1
    damaged.write_bytes(flipped)
    assert kept.take(KEY, tmp_path / "taken") is None
    assert not (tmp_path / "taken").exists()
    assert not (kept.folder / KEY).exists()
    assert f"{KEY} is damaged" in caplog.text


def test_a_missing_or_an_added_file_is_damage_too(
    kept: KeptFits, model: Path, tmp_path: Path
) -> None:
    (kept.folder / KEY / MODEL / "more.json").write_text("{}")
    assert kept.take(KEY, tmp_path / "taken") is None
    kept.keep(KEY, model, RECORDS)
    (kept.folder / KEY / MODEL / "model.safetensors").unlink()
    assert kept.take(KEY, tmp_path / "taken") is None


def test_a_fit_under_the_key_of_another_is_not_taken(kept: KeptFits, tmp_path: Path) -> None:
    (kept.folder / KEY).rename(kept.folder / OTHER)
    assert kept.take(OTHER, tmp_path / "taken") is None


def test_what_a_killed_run_left_is_no_fit_and_is_removed(
    kept: KeptFits, model: Path, tmp_path: Path
) -> None:
    left = kept.folder / f".{OTHER}.0.partial"
    (kept.folder / KEY).rename(left)
    assert kept.take(OTHER, tmp_path / "taken") is None
    kept.keep(KEY, model, RECORDS)
    assert not left.exists()


def test_only_old_fits_that_are_not_in_use_are_unused(
    kept: KeptFits, model: Path, tmp_path: Path
) -> None:
    (model / "model.safetensors").write_bytes(b"trained again")
    kept.keep(OTHER, model, RECORDS)
    long_ago = time.time() - 20 * 86400
    for key in (KEY, OTHER):
        os.utime(kept.folder / key / FIT, (long_ago, long_ago))
    (waste,) = kept.unused(model.parent, keep_days=14)
    size = sum(len(one) for one in content(kept.folder / KEY).values())
    assert (waste.path, waste.bytes, waste.why) == (kept.folder / KEY, size, WHY)
    kept.take(KEY, tmp_path / "taken")
    assert kept.unused(model.parent, keep_days=14) == []
    assert len(kept.unused(model.parent, keep_days=0)) == 1
    assert KeptFits(tmp_path / "nowhere").unused(model.parent, 0) == []
