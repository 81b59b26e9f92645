"""The worker, as a real process: what it writes, and how it fails."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from small_project import OBJECTIVE, TRAINER, a_fit, a_job, small, soft_labels, untrained_teachers

from stillroom.errors import StillroomError
from stillroom.models.directory import load_model, weights_hash
from stillroom.training.launch import WorkerError, command, train

# More memory than a machine has: PyTorch raises, and no one else's message would fit.
HUGE = {"name": "mlp", "options": {"hidden": [2**40]}}


def test_student_and_control_start_alike_see_the_same_rows_and_end_apart(tmp_path: Path) -> None:
    made = small(tmp_path, unlabelled=30)
    labels = soft_labels(made, untrained_teachers(made, tmp_path / "t"), tmp_path / "s")
    curves = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        fits = [
            a_fit("control", epochs=15),
            a_fit("student", objective=OBJECTIVE),
            a_fit("labelled", rows="labelled", shift=1),
        ]
        wanted = a_job(
            made, tmp_path / run / "unfinished", soft_labels=str(labels.folder), fits=fits
        )
        curves.append(train(wanted, tmp_path / run / "models"))
        assert [path.name for path in (tmp_path / run).iterdir()] == ["models"]  # nothing is left
    first, second = tmp_path / "first" / "models", tmp_path / "second" / "models"
    for name in ("control", "student", "labelled"):
        assert weights_hash(first / name) == weights_hash(second / name)
    assert weights_hash(first / "control") != weights_hash(first / "student")
    assert curves[0] == curves[1]
    assert [r["epoch"] for r in curves[0] if r["model"] == "student"] == [1, 2, 3]
    control = [r for r in curves[0] if r["model"] == "control"]
    assert control[-1]["train_loss"] < control[0]["train_loss"]
    assert max(r["validation_accuracy"] for r in control) > 0.6
    with torch.no_grad():
        assert load_model(first / "student")(inputs=torch.zeros(1, 64)).logits.shape == (1, 3)


def test_what_a_user_can_mend_comes_back_as_one_error(tmp_path: Path) -> None:
    made = small(tmp_path)
    fits = [a_fit(architecture={"name": "reznet", "options": {}})]
    with pytest.raises(StillroomError, match="Did you mean resnet"):
        train(a_job(made, tmp_path / "unfinished", fits=fits), tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_what_cannot_be_used_is_named_and_a_crash_has_its_exit_code(tmp_path: Path) -> None:
    made = small(tmp_path)
    with pytest.raises(StillroomError):
        train(a_job(made, tmp_path / "unfinished", encoder={"kind": "image"}), tmp_path / "models")
    missing = a_job(made, tmp_path / "unfinished", soft_labels="/proc/nowhere")
    with pytest.raises(StillroomError, match="/proc/nowhere"):
        train(missing, tmp_path / "models")
    huge = a_job(made, tmp_path / "unfinished", fits=[a_fit(epochs=1, architecture=HUGE)])
    with pytest.raises(WorkerError, match="ended with code 1"):
        train(huge, tmp_path / "models")


def test_several_devices_are_torchruns(tmp_path: Path) -> None:
    made = small(tmp_path)
    two = a_job(made, tmp_path / "unfinished", trainer=replace(TRAINER, devices=2))
    assert "torch.distributed.run" not in command(a_job(made, tmp_path / "unfinished"))
    assert command(two)[1:5] == [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node=2",
    ]
