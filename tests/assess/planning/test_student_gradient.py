"""The student's gradient: the gradient of its objective, by finite differences and by hand."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from support.examples import text_examples
from support.examples.image_examples import image_examples
from support.training.jobs import EVERYTHING, fitted

from stillroom.assess.planning.student_gradient import student_gradient
from stillroom.config.schema import Architecture, Student
from stillroom.data.encoders import read_encoder
from stillroom.models.architecture_registry import build
from stillroom.models.shape import Shape
from stillroom.softlabels.columns.distributions import SparseDistributions

STUDENT = Student(
    **asdict(fitted(epochs=1)),
    transfer=EVERYTHING,
    architecture=Architecture(name="mlp", options={"hidden": [4], "dropout": 0.0}),
    seed=3,
)
PLACES = [np.array([0])] * 3
TARGETS = SparseDistributions(
    owners=np.array([0, 0, 1, 2, 2, 2]),
    ids=np.array([0, 2, 1, 0, 1, 2]),
    weights=np.array([0.5, 0.25, 0.9, 0.2, 0.3, 0.4]),
    count=3,
    classes=3,
)


def test_it_is_the_derivative_of_the_mean_soft_cross_entropy(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    encoder = read_encoder(made.encoder)
    inputs = encoder.encode(made.examples.read().head(3))
    gradient = student_gradient(inputs, PLACES, encoder, STUDENT, None, 2.0)(TARGETS, "unbiased")

    model = build("mlp", {"hidden": [4], "dropout": 0.0}, Shape(encoder.shape, encoder.classes), 3)
    model = model.double()
    weights = list(model.parameters())
    assert gradient.shape == (sum(one.numel() for one in weights),)

    def loss() -> float:
        with torch.no_grad():
            logits = model(inputs=torch.from_numpy(inputs).double()).logits.numpy() / 2.0
        log_q = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return float(-(4.0 * TARGETS.dense() * log_q).sum(axis=1).mean())

    before, at = loss(), gradient.size - 1  # the last weight: a bias of the last layer
    with torch.no_grad():
        weights[-1][-1] += 1e-6
    assert (loss() - before) / 1e-6 == pytest.approx(gradient[at], rel=1e-4)


def test_equal_targets_give_equal_gradients_also_with_dropout(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    encoder = read_encoder(made.encoder)
    inputs = encoder.encode(made.examples.read().head(3))
    dropping = Architecture(name="mlp", options={"hidden": [8], "dropout": 0.5})
    student = Student(**{**STUDENT.__dict__, "architecture": dropping})
    first, second = (
        student_gradient(inputs, PLACES, encoder, student, None, 2.0) for _ in range(2)
    )
    assert (first(TARGETS, "tail_bucket") == second(TARGETS, "tail_bucket")).all()
    assert (first(TARGETS, "tail_bucket") == first(TARGETS, "tail_bucket")).all()
    assert (first(TARGETS, "tail_bucket") != first(TARGETS, "renormalise")).any()


def test_a_student_of_tokens_looks_at_texts() -> None:
    bert = Architecture(name="transformer", options=text_examples.BERT)
    student = Student(**{**STUDENT.__dict__, "architecture": bert})
    inputs = text_examples.ENCODER.encode(text_examples.frame("a card", "my phone", "where is it?"))
    gradient_of = student_gradient(inputs, PLACES, text_examples.ENCODER, student, None, 2.0)
    gradient = gradient_of(TARGETS, "unbiased")
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0
