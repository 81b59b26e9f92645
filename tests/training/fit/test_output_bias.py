"""Balance: the bias that makes the fewest errors, worked out by hand, and written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_project import Small, a_fit, small

from stillroom.data.encoders import read_encoder
from stillroom.models.classifier_bias import output_bias
from stillroom.models.pretrained.model_directory import load_model, save_model
from stillroom.models.registry import build
from stillroom.models.shape import Shape
from stillroom.training.data.memory_dataset import read_split
from stillroom.training.fit.output_bias import balance, best_bias, write_balanced
from stillroom.training.resume_state import Place


def test_the_best_bias_by_hand() -> None:
    # Class 1 wins its two rows above 2 and 3, and would take a row of class 0 above 7.
    answers = np.array([[2.0, 0.0, -9], [3.0, 0.0, -9], [7.0, 0.0, -9]])
    assert best_bias(answers, np.array([1, 1, 0]), 1) == pytest.approx(5.0)
    # Where it takes what is not its own, it is lowered: below -1 and -2.
    assert best_bias(np.array([[1.0, 2.0], [1.0, 3.0]]), np.array([0, 0]), 1) == -2.5


@given(st.integers(0, 10_000))
def test_no_other_bias_makes_fewer_errors(seed: int) -> None:
    draws = np.random.default_rng(seed)
    answers, truth = draws.normal(size=(30, 4)), draws.integers(0, 4, 30)

    def errors(amount: float) -> int:
        moved = answers.copy()
        moved[:, 2] += amount
        return int((moved.argmax(axis=1) != truth).sum())

    best = errors(best_bias(answers, truth, 2))
    assert best <= min(errors(amount) for amount in np.linspace(-8, 8, 321))


def test_the_models_own_bias_is_changed_class_by_class() -> None:
    model = build("mlp", {"hidden": [4]}, Shape((3,), ("a", "b", "c")), seed=0)
    inputs = torch.randn((40, 3), generator=torch.Generator().manual_seed(0))
    truth = np.arange(40) % 3
    with torch.no_grad():
        before = model(inputs=inputs).logits.double().numpy()
        old = output_bias(model).clone()
        added = balance(model, before, truth, [1, 2])
        after = model(inputs=inputs).logits.double().numpy()
    np.testing.assert_allclose(after - before, np.array([[0.0, *added]]).repeat(40, 0), atol=1e-5)
    np.testing.assert_allclose((output_bias(model) - old).tolist(), [0.0, *added], atol=1e-6)
    assert (after.argmax(1) == truth).sum() >= (before.argmax(1) == truth).sum()


@pytest.fixture
def made(tmp_path: Path) -> Small:
    return small(tmp_path)


def test_the_balanced_model_is_written_beside_the_best(made: Small, tmp_path: Path) -> None:
    place = Place(tmp_path / "fit", {}, "balanced")
    model = build("mlp", {"hidden": [4]}, made.shape, seed=0)
    save_model(model, read_encoder(made.encoder), place.best)
    rows = read_split(made.examples, read_encoder(made.encoder), "validation")
    write_balanced(replace(a_fit(), balance=(1,)), rows, place)
    old, new = (output_bias(load_model(path)) for path in (place.best, place.balanced))
    assert (old != new).tolist() == [False, True, False]
    assert (place.balanced / "preprocessor_config.json").read_bytes() == (
        place.best / "preprocessor_config.json"
    ).read_bytes()
