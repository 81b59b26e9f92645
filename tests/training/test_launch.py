"""The worker, as a real process: what it writes, and how it fails."""

import json
from pathlib import Path

import pytest
import torch
from small_project import OBJECTIVE, TRAINER, Small, a_fit, small, soft_labels, untrained_teachers

from stillroom.errors import StillroomError
from stillroom.models.directory import load_model, weights_hash
from stillroom.training.job import Job
from stillroom.training.launch import WorkerError, run_worker

# More memory than a machine has: PyTorch raises, and no one else's message would fit.
HUGE = {"name": "mlp", "options": {"hidden": [2**40]}}


def job(made: Small, folder: Path, **changes: object) -> Job:
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "examples": str(made.examples.path),
        "encoder": made.encoder,
        "soft_labels": None,
        "curves": str(folder / "curves.json"),
        "fits": [a_fit(folder)],
        "trainer": TRAINER,
    }
    return Job(**(values | changes))  # type: ignore[arg-type]


def test_student_and_control_start_alike_see_the_same_rows_and_end_apart(tmp_path: Path) -> None:
    made = small(tmp_path, unlabelled=30)
    labels = soft_labels(made, untrained_teachers(made, tmp_path / "t"), tmp_path / "s")
    for run in ("first", "second"):
        folder = tmp_path / run
        fits = [
            a_fit(folder, "control", epochs=15),
            a_fit(folder, "student", objective=OBJECTIVE),
            a_fit(folder, "labelled", rows="labelled", shift=1),
        ]
        run_worker(job(made, folder, soft_labels=str(labels.folder), fits=fits), folder)
    first, second = tmp_path / "first", tmp_path / "second"
    for name in ("control", "student", "labelled"):
        assert weights_hash(first / name) == weights_hash(second / name)
    assert weights_hash(first / "control") != weights_hash(first / "student")
    assert (first / "curves.json").read_bytes() == (second / "curves.json").read_bytes()
    curves = json.loads((first / "curves.json").read_text())
    assert [r["epoch"] for r in curves if r["model"] == "student"] == [1, 2, 3]
    control = [r for r in curves if r["model"] == "control"]
    assert control[-1]["train_loss"] < control[0]["train_loss"]
    assert max(r["validation_accuracy"] for r in control) > 0.6
    with torch.no_grad():
        assert load_model(first / "student")(inputs=torch.zeros(1, 64)).logits.shape == (1, 3)


def test_what_a_user_can_mend_comes_back_as_one_error(tmp_path: Path) -> None:
    made = small(tmp_path)
    fits = [a_fit(tmp_path, architecture={"name": "reznet", "options": {}})]
    with pytest.raises(StillroomError, match="Did you mean resnet"):
        run_worker(job(made, tmp_path / "w", fits=fits), tmp_path / "w")


def test_what_cannot_be_written_is_named_and_a_crash_has_its_exit_code(tmp_path: Path) -> None:
    made = small(tmp_path)
    broken = job(
        made, tmp_path / "w", encoder={"kind": "image"}, curves="/proc/nowhere/curves.json"
    )
    with pytest.raises(StillroomError):
        run_worker(broken, tmp_path / "w")
    unwritable = job(made, tmp_path / "w", curves="/proc/nowhere/curves.json")
    with pytest.raises(StillroomError, match="No such file or directory: '/proc/nowhere"):
        run_worker(unwritable, tmp_path / "w")
    huge = job(made, tmp_path / "w", fits=[a_fit(tmp_path, epochs=1, architecture=HUGE)])
    with pytest.raises(WorkerError, match="ended with code 1"):
        run_worker(huge, tmp_path / "w")
