"""Live teachers: their answers in a step equal the cached ones for the same inputs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.examples.image_examples import (
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)

from stillroom.data.encoders import read_encoder
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.forward.hidden_states import logits_and_features, logits_only
from stillroom.models.pretrained.model_directory import save_model
from stillroom.objectives.targets.soft_target import SoftTarget
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.training.data.memory_dataset import read_split, with_targets
from stillroom.training.fit.live_teacher import LiveTeacher, cached_log_p
from stillroom.training.job import LiveConfig


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


def live(folder: Path, **changes: object) -> LiveConfig:
    values = {
        "teachers": [str(folder / f"member_{n}") for n in range(2)],
        "shares": [0.5, 0.5],
        "mean": "probability",
        "combine": "read",
    }
    return LiveConfig(**(values | changes))  # type: ignore[arg-type]


def dense(target: SoftTarget, temperature: float) -> torch.Tensor:
    rows, k = target.ids.shape
    return torch.zeros(rows, k).scatter(1, target.ids, target.at(temperature).exp())


def test_their_answers_equal_the_cached_ones(made: ImageExamples, tmp_path: Path) -> None:
    folder = untrained_teachers(made, tmp_path / "t")
    labels = soft_labels(made, folder, tmp_path / "s", Full(), features="pooled")
    encoder = read_encoder(made.encoder)
    rows = with_targets(read_split(made.examples, encoder, "train"), labels, [1.0, 4.0])
    teachers = LiveTeacher.of(live(folder), encoder, logits_and_features)
    target, features = teachers.answer(rows.inputs, [1.0, 4.0])
    for temperature in (1.0, 4.0):
        torch.testing.assert_close(
            dense(target, temperature), dense(rows.targets[0], temperature), atol=1e-6, rtol=0
        )
    assert features is not None
    kept = labels.features([(key, 0, 0) for key in rows.example_ids]).vectors
    assert kept.shape == (60, 64) == (60, labels.feature_width)
    assert teachers.width(encoder.shape) == 64
    np.testing.assert_allclose(kept, features.pooled.numpy(), rtol=1e-3, atol=1e-6)
    assert not any(
        weight.requires_grad for model in teachers.models for weight in model.parameters()
    )


def test_autocast_of_the_student_does_not_reach_them(made: ImageExamples, tmp_path: Path) -> None:
    folder = untrained_teachers(made, tmp_path / "t")
    teachers = LiveTeacher.of(live(folder), read_encoder(made.encoder), logits_only)
    inputs = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    plain, _ = teachers.answer(inputs, [1.0])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        target, _ = teachers.answer(inputs, [1.0])
    assert torch.equal(target.at(1.0), plain.at(1.0))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_teacher_that_answers_no_number_is_named(
    made: ImageExamples, tmp_path: Path, value: float
) -> None:
    folder = untrained_teachers(made, tmp_path / "t")
    teachers = LiveTeacher.of(live(folder), read_encoder(made.encoder), logits_only)
    with torch.no_grad():
        next(teachers.models[1].parameters()).fill_(value)
    with pytest.raises(ModelError, match="live teacher answered with NaN or infinity"):
        teachers.answer(torch.ones(2, 1, 8, 8), [1.0])


def test_without_a_term_that_asks_there_are_no_features(
    made: ImageExamples, tmp_path: Path
) -> None:
    folder = untrained_teachers(made, tmp_path / "t")
    teachers = LiveTeacher.of(live(folder), read_encoder(made.encoder), logits_only)
    assert teachers.answer(torch.zeros(2, 1, 8, 8), [1.0])[1] is None
    assert teachers.answer(torch.zeros(2, 1, 8, 8), [])[0].ids.shape == (2, 0)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("combine", ["read", "capture"])
@pytest.mark.parametrize("mean", ["probability", "logit"])
def test_means_by_hand(mean: Any, combine: Any, temperature: float) -> None:
    logits = torch.tensor([[[2.0, 0.0]], [[-1.0, 0.0]]], dtype=torch.float64)
    shares = Combination.of(mean, [3, 1])
    mean_p = cached_log_p(logits, shares, combine, temperature).exp()[0]

    def p(z: float, t: float) -> float:
        return 1 / (1 + np.exp(-z / t))

    expected = {
        ("probability", "read"): 0.75 * p(2, temperature) + 0.25 * p(-1, temperature),
        ("logit", "read"): p(0.75 * 2 - 0.25, temperature),
        ("logit", "capture"): p(0.75 * 2 - 0.25, temperature),
    }
    one = 0.75 * p(2, 1) + 0.25 * p(-1, 1)
    odds = (one / (1 - one)) ** (1 / temperature)
    expected["probability", "capture"] = odds / (1 + odds)
    assert mean_p[0].item() == pytest.approx(expected[mean, combine])
    assert mean_p.sum().item() == pytest.approx(1.0)


def test_a_teacher_that_encodes_otherwise_is_refused(made: ImageExamples, tmp_path: Path) -> None:
    folder = untrained_teachers(made, tmp_path / "t", members=1)
    model = build("mlp", {"hidden": [4]}, made.shape, seed=0)
    save_model(model, replace(read_encoder(made.encoder), scale=(9.0,)), folder / "member_1")
    with pytest.raises(ModelError, match=r"member_1 encodes its inputs differently"):
        LiveTeacher.of(live(folder), read_encoder(made.encoder), logits_only)
