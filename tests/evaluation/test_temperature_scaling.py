"""Temperature scaling: fits a planted temperature, and changes nothing that must stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.evaluation.metrics import ece
from stillroom.evaluation.temperature_scaling import MOST, fitted_temperature, scaled_probabilities


def calibrated(rows: int, classes: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return distributions, and labels drawn from them."""
    draws = np.random.default_rng(seed)
    p = draws.dirichlet(np.full(classes, 0.5), rows)
    labels = (p.cumsum(axis=1) < draws.random((rows, 1))).sum(axis=1).clip(max=classes - 1)
    return p, labels


@pytest.mark.parametrize("planted", [0.5, 1.0, 3.0])
def test_a_planted_temperature_is_found(planted: float) -> None:
    p, labels = calibrated(20000)
    assert fitted_temperature(scaled_probabilities(p, 1 / planted), labels) == pytest.approx(
        planted, rel=0.05
    )


def test_scaling_calibrates_other_rows() -> None:
    p, labels = calibrated(20000)
    sure = scaled_probabilities(p, 1 / 3)
    temperature = fitted_temperature(sure[:10000], labels[:10000])
    before, after = (
        ece(sure[10000:], labels[10000:], 15),
        ece(scaled_probabilities(sure[10000:], temperature), labels[10000:], 15),
    )
    assert before > 0.1
    assert after < 0.02


def test_two_classes_by_hand() -> None:
    # log(0.8 / 0.2) / 2 = log 2, so two thirds and one third.
    np.testing.assert_allclose(scaled_probabilities(np.array([[0.8, 0.2]]), 2.0), [[2 / 3, 1 / 3]])


@given(st.floats(0.1, 10))
def test_no_first_choice_is_changed(temperature: float) -> None:
    p, _ = calibrated(50)
    moved = scaled_probabilities(p, temperature)
    assert (moved.argmax(axis=1) == p.argmax(axis=1)).all()
    np.testing.assert_allclose(moved.sum(axis=1), 1)


def test_a_model_that_is_always_wrong_is_flattened_and_no_further() -> None:
    p = np.tile([0.9, 0.1], (20, 1))
    assert fitted_temperature(p, np.ones(20, int)) == pytest.approx(MOST, rel=0.01)


@pytest.mark.parametrize("times", [3.0, 5.0, 8.0])
def test_the_logits_of_an_overconfident_model_are_read_back_from_float32(times: float) -> None:
    # Ten classes: gaps between logits reach about 10, and 8 times these reach 80.
    draws = np.random.default_rng(0)
    logits = draws.normal(0, 2, (5000, 10))
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = odds / odds.sum(axis=1, keepdims=True)
    labels = (p.cumsum(axis=1) < draws.random((5000, 1))).sum(axis=1).clip(max=9)
    stored = scaled_probabilities(p, 1 / times).astype(np.float32)
    assert fitted_temperature(stored, labels) == pytest.approx(times, rel=0.03)
