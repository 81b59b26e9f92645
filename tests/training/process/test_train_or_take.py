"""Train or take: a fit trains only if nothing that it depends on was finished before."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.examples.image_examples import image_examples, other_encoder
from support.training.jobs import a_fit, a_job, a_trainer, fitted, train_here

from stillroom.io.tables import TableFile, write_table
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.training.job import Fit, Job
from stillroom.training.process import train_or_take as module
from stillroom.training.process.kept_fits import KeptFits
from stillroom.training.process.train_or_take import fit_key, train_or_take
from stillroom.training.resume_state import shared_ingredients


def member(number: int, **changes: Any) -> Fit:
    name = f"teacher {number + 1}"
    return a_fit(name, epochs=2, seed=number, rows="labelled", output=f"member_{number}", **changes)


def key(job: Job) -> str:
    return fit_key(job, job.fits[0], shared_ingredients(job))


def test_equal_teachers_are_taken_and_only_a_new_one_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    trained: list[list[str]] = []

    def train(job: Job, target: Path) -> Any:
        trained.append([fit.name for fit in job.fits])
        return train_here(job, target)

    monkeypatch.setattr(module, "train", train)
    made, kept = image_examples(tmp_path), KeptFits(tmp_path / "fits")
    job = a_job(made, tmp_path / "unfinished", fits=[member(0), member(1)])
    first = train_or_take(job, tmp_path / "first", kept)
    assert "2 kept for later runs" in caplog.text
    more = replace(job, fits=[member(0), member(1), member(2)])
    second = train_or_take(more, tmp_path / "second", kept)
    third = train_or_take(more, tmp_path / "third", kept)
    assert trained == [["teacher 1", "teacher 2"], ["teacher 3"]]
    for name in ("member_0", "member_1"):
        assert weights_hash(tmp_path / "first" / name) == weights_hash(tmp_path / "third" / name)
    assert first == second[: len(first)] and second == third
    assert [r["model"] for r in third] == [f"teacher {n}" for n in (1, 1, 2, 2, 3, 3)]
    assert "teachers: 2 of 3 unchanged, not trained again" in caplog.text
    assert "teachers: 3 of 3 unchanged, not trained again" in caplog.text


def test_a_disk_that_keeps_nothing_costs_only_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "train", train_here)
    (tmp_path / "fits").write_text("a file, no folder")
    job = a_job(image_examples(tmp_path), tmp_path / "unfinished", fits=[member(0)])
    records = train_or_take(job, tmp_path / "models", KeptFits(tmp_path / "fits"))
    assert len(records) == 2
    assert "The teachers are not kept" in caplog.text


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 5},
        {"rows": "all"},
        {"shift": 1},
        {"label_smoothing": 0.1},
        {"architecture": {"name": "mlp", "options": {"hidden": [9]}}},
        {"optimisation": fitted(epochs=2, lr=0.02)},
    ],
)
def test_what_a_teacher_learns_and_how_changes_its_key(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    job = a_job(image_examples(tmp_path), tmp_path, fits=[member(0)])
    assert key(job) != key(replace(job, fits=[replace(job.fits[0], **changes)]))


def test_the_data_the_encoder_and_the_precision_change_the_key(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    job = a_job(made, tmp_path, fits=[member(0)])
    first = key(job)
    encoder = other_encoder(made, tmp_path / "other", classes=("x", "y", "z"))
    assert key(replace(job, encoder=str(encoder))) != first
    assert key(replace(job, trainer=a_trainer(precision="bf16"))) != first
    frame = TableFile(Path(job.examples)).read()
    write_table(frame.reverse(), Path(job.examples))
    assert key(job) != first
    write_table(frame, Path(job.examples))
    assert key(job) == first


def test_threads_loading_processes_and_folders_do_not_change_the_key(tmp_path: Path) -> None:
    job = a_job(image_examples(tmp_path), tmp_path / "one", fits=[member(0)])
    trainer = a_trainer(threads=3, workers=2, checkpoint_steps=7)
    assert key(job) == key(replace(job, trainer=trainer, folder=str(tmp_path / "two"), curves="c"))
