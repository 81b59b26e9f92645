"""Fitting: the curve is the same for one or two processes and micro-batches; the saved state."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from support.examples.image_examples import (
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)
from support.objectives.objective_config import objective
from support.training.jobs import OBJECTIVE, a_fit, a_trainer, fitted, train_here
from support.training.killed_runs import Run, distinct, run_of, train_forked

from stillroom.config.schema import Architecture
from stillroom.data.encoders import read_encoder
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import save_model
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.fit.checkpoint import write_tree
from stillroom.training.fit.fit_model import build_trainer
from stillroom.training.job import Job, LiveConfig
from stillroom.training.process.launch import train

Made = tuple[ImageExamples, SoftLabelSet]
HOW = {"epochs": 3, "optimiser": "sgd", "lr": 0.05, "clip": 0.5}
NUMBERS = ("train_loss", "validation_nll", "validation_accuracy")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("fitting")
    examples = image_examples(folder, unlabelled=20)  # so that the micro-batches differ in labels
    return examples, soft_labels(examples, untrained_teachers(examples, folder / "t"), folder / "s")


def job_of(made: Made, folder: Path, trainer: dict[str, Any], **how: Any) -> Job:
    examples, labels = made
    return Job(
        examples=str(examples.examples.path),
        encoder=str(examples.encoder),
        soft_labels=str(labels.folder),
        folder=str(folder / "unfinished"),
        fits=[
            a_fit("control", optimisation=fitted(**HOW, **how)),
            a_fit("student", optimisation=fitted(**HOW, **how), objective=OBJECTIVE),
        ],
        trainer=a_trainer(**trainer),
    )


def fitted_with(made: Made, folder: Path, trainer: dict[str, Any], **how: Any) -> tuple[Any, Path]:
    job = job_of(made, folder, trainer, **how)
    several = job.trainer.devices > 1
    return (train_forked if several else train_here)(job, folder / "models"), folder / "models"


@pytest.fixture(scope="module")
def alone(made: Made, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    return fitted_with(made, tmp_path_factory.mktemp("alone"), {})


@pytest.mark.parametrize(
    ("trainer", "how"),
    [
        pytest.param({"devices": 2}, {}, marks=pytest.mark.faults),
        ({"devices": 2, "strategy": "fsdp"}, {}),
        pytest.param({"devices": 2, "workers": 1}, {"accumulate": 2}, marks=pytest.mark.faults),
        ({"workers": 1}, {"accumulate": 3}),
    ],
    ids=["ddp", "fsdp", "ddp-accumulate", "accumulate"],
)
def test_the_curve_of_several_micro_batches_is_that_of_one_to_within_rounding(
    made: Made,
    tmp_path: Path,
    alone: tuple[Any, Path],
    trainer: dict[str, Any],
    how: dict[str, Any],
) -> None:
    require_equal_but_for_rounding(fitted_with(made, tmp_path, trainer, **how), alone)


def test_two_processes_that_are_killed_go_on_to_the_curve_of_one(
    made: Made, tmp_path: Path, alone: tuple[Any, Path]
) -> None:
    trainer = {"devices": 2, "checkpoint_steps": 2}
    job = job_of(made, tmp_path, trainer, accumulate=2)
    killed = Run(job)
    assert killed.go(stop_at=15) != 0
    assert (killed.folder / "control" / "checkpoint.safetensors").exists()
    models = tmp_path / "models"
    require_equal_but_for_rounding((train(job, models), models), alone)


def require_equal_but_for_rounding(ours: tuple[Any, Path], theirs: tuple[Any, Path]) -> None:
    """Compare curves, and the weights of both models."""
    (records, models), (expected, whole) = ours, theirs
    assert len(records) == len(expected) == 6
    for record, wanted in zip(records, expected, strict=True):
        assert [record[name] for name in NUMBERS] == pytest.approx(
            [wanted[name] for name in NUMBERS], abs=2e-6
        )
    for name in ("control", "student"):
        weights, reference = (load_file(m / name / "model.safetensors") for m in (models, whole))
        assert weights.keys() == reference.keys()
        for key, value in weights.items():
            assert value.shape == reference[key].shape
            torch.testing.assert_close(value, reference[key], atol=1e-5, rtol=1e-4)


RESNET = {"embedding_size": 4, "hidden_sizes": [6], "depths": [1], "layer_type": "basic"}
RELATED = {"forward_kl": 1.0, "hidden_cosine": 1.0, "rkd_distance": 1.0, "rkd_angle": 1.0}


def test_live_teachers_train_the_same_student_as_the_cache_with_features(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    teachers = untrained_teachers(made, tmp_path / "t")
    labels = soft_labels(made, teachers, tmp_path / "s", features="pooled")
    folders = [str(teachers / f"member_{n}") for n in range(2)]
    curves = {}
    for mode in ("cached", "live"):
        fits = [
            a_fit(name, optimisation=fitted(**HOW), objective=objective(terms), mode=mode)
            for name, terms in (("answers", {"forward_kl": 1.0}), ("related", RELATED))
        ]
        job = Job(
            examples=str(made.examples.path),
            encoder=str(made.encoder),
            soft_labels=str(labels.folder),
            folder=str(tmp_path / mode),
            fits=fits,
            trainer=a_trainer(),
            live=LiveConfig(
                teachers=folders, shares=[0.5, 0.5], mean="probability", combine="read"
            ),
        )
        curves[mode] = train_here(job, tmp_path / f"{mode}_models")
    for cached, live in zip(curves["cached"], curves["live"], strict=True):
        assert [cached[n] for n in NUMBERS] == pytest.approx([live[n] for n in NUMBERS], abs=2e-4)
    answers, related = (
        [r["train_loss"] for r in curves["cached"] if r["model"] == name]
        for name in ("answers", "related")
    )
    assert related[0] > answers[0] + 0.1  # the projection and the relations can improve
    assert related[-1] < related[0]


def test_attention_is_transferred_from_a_live_network_of_another_width(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    narrow = build("resnet", RESNET | {"hidden_sizes": [8]}, made.shape, 1)
    save_model(narrow, read_encoder(made.encoder), tmp_path / "t")
    architecture = Architecture(name="resnet", options=RESNET)
    wanted = objective({"attention_transfer": 1.0, "hidden_mse": 1.0}, positions="each")
    job = Job(
        examples=str(made.examples.path),
        encoder=str(made.encoder),
        soft_labels=None,
        folder=str(tmp_path / "unfinished"),
        fits=[a_fit(objective=wanted, mode="live", architecture=architecture, epochs=6)],
        trainer=a_trainer(),
        live=LiveConfig(teachers=[str(tmp_path / "t")], shares=[1.0], mean="logit", combine="read"),
    )
    losses = [record["train_loss"] for record in train_here(job, tmp_path / "models")]
    assert losses[-1] < 0.8 * losses[0]
    weights = load_file(tmp_path / "models" / "student" / "model.safetensors")
    assert not any("project" in name for name in weights)


@pytest.mark.faults
@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_two_processes_that_are_stopped_go_on(made: Made, tmp_path: Path, strategy: str) -> None:
    whole = run_of(*made, tmp_path / "whole", devices=2, strategy=strategy)
    run = run_of(*made, tmp_path / "run", devices=2, strategy=strategy)
    assert whole.go() == 0
    assert run.go(stop_at=15) != 0
    assert run.go() == 0
    assert sorted(distinct(run.steps())) == sorted(whole.steps())
    ours, theirs = run.weights(), whole.weights()
    for name in ours:
        for key, value in ours[name].items():
            torch.testing.assert_close(value, theirs[name][key], atol=1e-6, rtol=1e-5)


def test_only_the_unfinished_fit_is_trained_and_from_the_beginning_where_it_has_changed(
    made: Made, tmp_path: Path
) -> None:
    first = run_of(*made, tmp_path / "run", checkpoint_steps=1)
    control = 3 * 4  # epochs, batches
    assert first.go(stop_at=control + 3) < 0
    done, student = first.job.fits
    slower = replace(student, optimisation=replace(student.optimisation, lr=0.001))
    second = Run(replace(first.job, fits=[done, slower]))
    taken = len(first.steps())
    assert second.go() == 0
    assert sum(step.startswith("control") for step in second.steps()) == control
    assert second.steps()[taken].startswith("student 0.0 ")
    assert (
        "student starts from the beginning: its checkpoint was written with a different "
        "optimisation" in second.errors()
    )


def test_a_damaged_state_is_kept_and_reported(
    made: Made, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = job_of(made, tmp_path, {})
    state = Path(job.folder) / "control" / "checkpoint.safetensors"
    write_tree(state, {"ingredients": {}, "epoch": 1})
    state.write_bytes(state.read_bytes()[:-1])
    assert len(train_here(job, tmp_path / "models")) == 6
    assert "control starts from the beginning" in caplog.text
    assert "is not a checkpoint" in caplog.text


@pytest.mark.parametrize(
    ("where", "precision"),
    [
        ({"precision": "auto"}, "32-true"),
        ({"precision": "float32"}, "32-true"),
        ({"precision": "bf16"}, "bf16-mixed"),
    ],
    ids=["auto", "float32", "bf16"],
)
def test_precision_on_the_cpu(where: dict[str, Any], precision: str) -> None:
    trainer = build_trainer(a_trainer(**where), a_fit(), [])
    assert trainer.precision == precision


def test_clipping_and_accumulation_are_lightnings(made: Made) -> None:
    fit = a_fit(optimisation=fitted(clip=0.7, accumulate=4))
    trainer = build_trainer(a_trainer(), fit, [])
    assert (trainer.gradient_clip_val, trainer.accumulate_grad_batches) == (0.7, 4)
    assert trainer.max_epochs == 3


def test_early_stopping_keeps_the_best_and_leaves(made: Made, tmp_path: Path) -> None:
    records, _ = fitted_with(made, tmp_path, {}, patience=1, keep="accuracy")
    control = [r for r in records if r["model"] == "control"]
    accuracy = [r["validation_accuracy"] for r in control]
    worse = [now <= max(accuracy[:n]) for n, now in enumerate(accuracy) if n]
    assert worse.count(True) <= 1
    assert not any(worse[:-1])
