"""The worker as a real process: its output and its failures."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.examples.image_examples import image_examples, soft_labels, untrained_teachers
from support.training.jobs import OBJECTIVE, TRAINER, a_fit, a_job, train_here

from stillroom.errors import StillroomError
from stillroom.io.files.workspace import remove_unfinished, unfinished
from stillroom.models.pretrained.model_directory import load_model
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.training.process.launch import WorkerError, command, train

# More memory than any machine has: the message must be PyTorch's own.
HUGE = {"name": "mlp", "options": {"hidden": [2**20, 2**20]}}


def test_student_and_control_start_alike_see_the_same_rows_and_end_apart(tmp_path: Path) -> None:
    made = image_examples(tmp_path, unlabelled=30)
    labels = soft_labels(made, untrained_teachers(made, tmp_path / "t"), tmp_path / "s")
    curves = []
    for run, training in (("first", train), ("second", train_here)):
        (tmp_path / run).mkdir()
        fits = [
            a_fit("control", epochs=15),
            a_fit("student", objective=OBJECTIVE),
            a_fit("labelled", rows="labelled", shift=1),
        ]
        wanted = a_job(
            made, tmp_path / run / "unfinished", soft_labels=str(labels.folder), fits=fits
        )
        curves.append(training(wanted, tmp_path / run / "models"))
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


def test_a_finished_fit_is_not_trained_again_until_it_is_removed(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    kept = unfinished(tmp_path, "train")
    job = a_job(made, kept, fits=[a_fit("student", epochs=2)])
    curves = train_here(job, tmp_path / "models")
    weights = kept / "student" / "best" / "model.safetensors"
    written = weights.stat().st_mtime_ns
    # The run is killed before the models are published, and is started again.
    assert train_here(job, tmp_path / "again") == curves
    assert weights.stat().st_mtime_ns == written
    assert weights_hash(tmp_path / "models" / "student") == weights_hash(
        tmp_path / "again" / "student"
    )
    remove_unfinished(tmp_path, "train")
    assert [path.name for path in kept.parent.iterdir()] == ["train.lock"]


def test_two_jobs_at_once_give_each_its_own_student(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    widths: tuple[int, ...] = (4, 32)
    hidden: dict[int, list[int]] = {}

    def run(width: int) -> None:
        fits = [a_fit(architecture={"name": "mlp", "options": {"hidden": [width]}})]
        target = tmp_path / f"models_{width}"
        train(a_job(made, tmp_path / "unfinished", fits=fits), target)
        hidden[width] = load_model(target / fits[0].output).config.hidden

    threads = [threading.Thread(target=run, args=[width]) for width in widths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hidden == {width: [width] for width in widths}


def test_an_error_that_a_user_can_fix_comes_back_and_finished_fits_stay(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    finished = a_fit("control", epochs=1)
    job = a_job(made, tmp_path / "unfinished", fits=[finished])
    train_here(job, tmp_path / "earlier")
    curves = tmp_path / "unfinished" / "curves.json"
    assert curves.exists()  # left by the earlier run; it must not be taken for this run's
    weights = tmp_path / "unfinished" / "control" / "best" / "model.safetensors"
    written = weights.stat().st_mtime_ns
    misspelt = a_fit(architecture={"name": "reznet", "options": {}})
    with pytest.raises(StillroomError, match="Did you mean resnet"):
        train(replace(job, fits=[finished, misspelt]), tmp_path / "models")
    assert not (tmp_path / "models").exists()
    assert not curves.exists()
    assert weights.stat().st_mtime_ns == written


def test_a_missing_input_is_named_and_a_crash_reports_its_exit_code(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    with pytest.raises(StillroomError):
        train_here(a_job(made, tmp_path / "unfinished", encoder="/proc/none"), tmp_path / "models")
    missing = a_job(made, tmp_path / "unfinished", soft_labels="/proc/nowhere")
    with pytest.raises(StillroomError, match="/proc/nowhere"):
        train_here(missing, tmp_path / "models")
    huge = a_job(made, tmp_path / "unfinished", fits=[a_fit(epochs=1, architecture=HUGE)])
    with pytest.raises(WorkerError, match="ended with code 1"):
        train(huge, tmp_path / "models")


def test_several_devices_start_under_torchrun(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    two = a_job(made, tmp_path / "unfinished", trainer=replace(TRAINER, devices=2))
    assert "stillroom.training.process.torchrun" not in command(
        a_job(made, tmp_path / "unfinished")
    )
    assert command(two)[1:5] == [
        "-m",
        "stillroom.training.process.torchrun",
        "--standalone",
        "--nproc-per-node=2",
    ]
