"""Step curve: points within an epoch, and a fit that is the same with and without them."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from support.examples.image_examples import ImageExamples, image_examples
from support.training.jobs import a_fit, a_job, a_trainer, fitted, train_here
from support.training.killed_runs import Run

from stillroom.config.schema import Architecture
from stillroom.training.job import Fit
from stillroom.training.process.launch import train

BATCH = 8
DROPOUT = Architecture(name="mlp", options={"hidden": [8], "dropout": 0.5})


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> ImageExamples:
    return image_examples(tmp_path_factory.mktemp("curve"))


def fit_of(every: int | None, **how: Any) -> Fit:
    optimisation = fitted(epochs=2, batch_size=BATCH, curve_steps=every, **how)
    return a_fit("control", architecture=DROPOUT, optimisation=optimisation)


def steps_of(examples: ImageExamples) -> int:
    """Return the number of steps in an epoch; an untrained control learns from labelled rows."""
    rows = examples.examples.read(["split", "label"])
    count = sum(split == "train" and label is not None for split, label in rows.iter_rows())
    return -(-count // BATCH)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_points_stand_between_the_epochs_and_change_no_weight(
    examples: ImageExamples, tmp_path: Path, accumulate: int
) -> None:
    curves, weights = {}, {}
    for every in (None, 4):
        folder = tmp_path / f"{every}"
        job = a_job(examples, folder, fits=[fit_of(every, accumulate=accumulate)])
        curves[every] = train_here(job, folder / "models")
        weights[every] = load_file(folder / "models" / "control" / "model.safetensors")
    steps = steps_of(examples)
    assert steps > 4
    due = [at for at in range(1, 2 * steps + 1) if at % 4 == 0 or at % steps == 0]
    points = [row["epoch"] for row in curves[4]]
    assert points == pytest.approx([at / steps for at in due], abs=1e-4)
    assert [row for row in curves[4] if float(row["epoch"]).is_integer()] == curves[None]
    assert all(torch.equal(weights[4][name], value) for name, value in weights[None].items())


def test_a_killed_fit_goes_on_to_the_same_curve(examples: ImageExamples, tmp_path: Path) -> None:
    whole = a_job(examples, tmp_path / "whole", fits=[fit_of(3)])
    expected = train_here(whole, tmp_path / "whole" / "models")
    trainer = a_trainer(checkpoint_steps=2)
    job = a_job(examples, tmp_path / "killed", fits=[fit_of(3)], trainer=trainer)
    killed = Run(job)
    assert killed.go(stop_at=steps_of(examples) + 1) != 0
    assert (killed.folder / "control" / "checkpoint.safetensors").exists()
    assert train(job, tmp_path / "models") == expected
