"""Teach: real teachers are asked, and what is not as it should be never becomes soft labels."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_project import Small, small, untrained_teachers

from stillroom.config.schema import SoftLabels
from stillroom.errors import SoftLabelError
from stillroom.io.hashing import sha256_file
from stillroom.io.tables import TableFile, write_table
from stillroom.models.directory import save_model
from stillroom.models.table import build
from stillroom.pipelines.teach import datasets
from stillroom.pipelines.teach.nodes import answer, refer_to_teachers, verify

SETTINGS = SoftLabels(
    sparsifier="topk", k="all", temperatures=[1.0, 4.0], batch_size=16, rows_per_shard=50
)


def with_their_own_labels(made: Small, teachers: Path) -> TableFile:
    """Label every example as the teachers answer, so that untrained ones agree with the labels."""
    captured = capture(made.examples, made, teachers, teachers.parent / "first")
    frame = made.examples.read()
    p = captured.probabilities(frame["example_id"].to_list(), 1.0)
    labels = pl.Series("label", p.argmax(axis=1).astype(np.int32))
    write_table(frame.with_columns(labels), made.examples.path)
    return made.examples


def capture(examples: TableFile, made: Small, teachers: Path, folder: Path):
    dataset = datasets.UnverifiedLabels(str(folder))
    dataset.save(answer(examples, made.encoder, refer_to_teachers(teachers), SETTINGS))
    return dataset.load()


@pytest.fixture
def asked(tmp_path: Path) -> tuple[Small, Path]:
    made = small(tmp_path, unlabelled=10)
    teachers = untrained_teachers(made, tmp_path / "teachers")
    with_their_own_labels(made, teachers)
    return made, teachers


def test_a_sound_capture_is_verified_and_published(
    asked: tuple[Small, Path], tmp_path: Path
) -> None:
    made, teachers = asked
    unverified = capture(made.examples, made, teachers, tmp_path / "unverified")
    refs = refer_to_teachers(teachers)
    verified = verify(unverified, made.examples, made.encoder, refs, SETTINGS)
    published = datasets.SoftLabels(str(tmp_path / "soft_labels"))
    published.save(verified)
    assert published.exists()
    assert published.load().manifest == unverified.manifest
    assert (tmp_path / "unverified" / "manifest.json").exists()
    assert len(published.preview()["data"]) == 20


def test_two_captures_are_equal_to_the_byte(asked: tuple[Small, Path], tmp_path: Path) -> None:
    made, teachers = asked
    for name in ("a", "b"):
        capture(made.examples, made, teachers, tmp_path / name)
    files = [p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file()]
    assert len(files) == 7
    for file in files:
        assert sha256_file(tmp_path / "a" / file) == sha256_file(tmp_path / "b" / file)


def test_an_examples_labels_do_not_depend_on_the_others(
    asked: tuple[Small, Path], tmp_path: Path
) -> None:
    made, teachers = asked
    whole = capture(made.examples, made, teachers, tmp_path / "whole")
    order = np.random.default_rng(1).permutation(110)[:40]
    write_table(made.examples.read()[order.tolist()], tmp_path / "some.parquet")
    some = TableFile(tmp_path / "some.parquet")
    part = capture(some, made, teachers, tmp_path / "part")
    ids = some.read()["example_id"].to_list()
    assert (part.probabilities(ids, 4.0) == whole.probabilities(ids, 4.0)).all()


def test_labels_of_another_teacher_are_refused_with_both_hashes(
    asked: tuple[Small, Path], tmp_path: Path
) -> None:
    made, teachers = asked
    unverified = capture(made.examples, made, teachers, tmp_path / "unverified")
    other = build("mlp", {"hidden": [32]}, made.shape, seed=9)
    shutil.rmtree(teachers / "member_1")
    save_model(other, made.encoder, teachers / "member_1")
    with pytest.raises(SoftLabelError, match=r"member 1: weights  \w+  \(expected \w+\)"):
        verify(unverified, made.examples, made.encoder, refer_to_teachers(teachers), SETTINGS)


def test_examples_whose_images_were_swapped_are_refused(
    asked: tuple[Small, Path], tmp_path: Path
) -> None:
    made, teachers = asked
    unverified = capture(made.examples, made, teachers, tmp_path / "unverified")
    frame = made.examples.read()
    rolled = frame.with_columns(pl.col("image").shift(1).fill_null(frame["image"][-1]))
    write_table(rolled, made.examples.path)
    with pytest.raises(SoftLabelError, match="misaligned"):
        verify(unverified, made.examples, made.encoder, refer_to_teachers(teachers), SETTINGS)


def test_a_truncated_ensemble_is_refused_before_it_is_asked(asked: tuple[Small, Path]) -> None:
    made, teachers = asked
    settings = SoftLabels(
        sparsifier="topk", k=2, temperatures=[1.0], batch_size=16, rows_per_shard=50
    )
    with pytest.raises(SoftLabelError, match=r"softlabels\.k=all"):
        answer(made.examples, made.encoder, refer_to_teachers(teachers), settings)


def test_a_capture_that_was_killed_does_not_exist(
    asked: tuple[Small, Path], tmp_path: Path
) -> None:
    made, teachers = asked
    capture(made.examples, made, teachers, tmp_path / "unverified")
    (tmp_path / "unverified" / "manifest.json").unlink()
    assert not datasets.UnverifiedLabels(str(tmp_path / "unverified")).exists()
