"""Temperature scaling of language models: one pass gives the result of a search over all logits."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from stillroom.errors import DataError
from stillroom.evaluation import token_temperature_scaling
from stillroom.evaluation.temperature_scaling import LEAST, MOST
from stillroom.evaluation.token_metrics import token_scores
from stillroom.evaluation.token_temperature_scaling import (
    ScaledScores,
    best_temperature,
    nll_curve,
    scaled_quality,
    scaled_scores,
)


def spoken(
    positions: int, vocabulary: int, planted: float, spread: float = 2.0, seed: int = 0
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return logits like a language model's, and labels drawn from them at another temperature."""
    draws = np.random.default_rng(seed)
    often = -1.1 * np.log(np.arange(1, vocabulary + 1))
    logits = often + spread * draws.standard_normal((positions, vocabulary))
    chances = np.exp(log_softmax(logits, axis=1)).cumsum(axis=1)
    labels = (chances < draws.random((positions, 1))).sum(axis=1).clip(max=vocabulary - 1)
    return torch.from_numpy(planted * logits).float(), torch.from_numpy(labels)


def searched(logits: torch.Tensor, labels: torch.Tensor) -> float:
    """Return scipy's minimum, with every logit in memory."""
    z, rows = logits.double().numpy(), np.arange(len(labels))
    minimum = minimize_scalar(
        lambda log_t: -log_softmax(z / np.exp(log_t), axis=1)[rows, labels.numpy()].mean(),
        bounds=(math.log(LEAST), math.log(MOST)),
        method="bounded",
        options={"xatol": 1e-7},
    )
    return float(np.exp(minimum.x))


@given(
    planted=st.floats(0.1, 10),
    spread=st.floats(0.5, 5),
    vocabulary=st.sampled_from([5, 60, 700]),
    seed=st.integers(0, 99),
)
def test_one_pass_finds_what_a_search_over_all_logits_finds(
    planted: float, spread: float, vocabulary: int, seed: int
) -> None:
    logits, labels = spoken(300, vocabulary, planted, spread, seed)
    assert best_temperature(nll_curve(logits, labels)) == pytest.approx(
        searched(logits, labels), rel=3e-3
    )


@pytest.mark.parametrize("planted", [0.3, 1.0, 4.0])
def test_a_planted_temperature_is_found(planted: float) -> None:
    logits, labels = spoken(20000, 50, planted)
    assert best_temperature(nll_curve(logits, labels)) == pytest.approx(planted, rel=0.03)


def test_two_tokens_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    # Right 3 times of 4 at logits 2 and 0: the softmax is 3/4 if 2 / T = ln 3.
    logits, labels = torch.tensor([[2.0, 0.0]] * 4), torch.tensor([0, 0, 0, 1])
    assert best_temperature(nll_curve(logits, labels)) == pytest.approx(2 / math.log(3), rel=1e-3)
    monkeypatch.setattr(token_temperature_scaling, "BETAS", np.array([1.0]))
    curve = nll_curve(logits, labels)
    # p(0) = e² / (e² + 1); the slope is 4 · 2p - 3 · 2, and the curvature 4 · 4p(1 - p).
    p = math.exp(2) / (math.exp(2) + 1)
    assert curve.nll == pytest.approx([-3 * math.log(p) - math.log(1 - p)], rel=1e-12)
    assert curve.slope == pytest.approx([8 * p - 6], rel=1e-12)
    assert curve.curvature == pytest.approx([16 * p * (1 - p)], rel=1e-12)


@pytest.mark.parametrize(("label", "border"), [(0, LEAST), (1, MOST)])
def test_a_model_that_is_always_right_or_always_wrong_stays_at_the_border(
    label: int, border: float
) -> None:
    logits = torch.tensor([[1.0, 0.0]] * 5)
    assert best_temperature(nll_curve(logits, torch.full((5,), label))) == border


def test_batches_add_up_and_parts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    logits, labels = spoken(50, 7, 1.0)
    whole = nll_curve(logits, labels)
    added = nll_curve(logits[:20], labels[:20]) + nll_curve(logits[20:], labels[20:])
    calibrated = scaled_scores(logits, labels, 1.7)
    monkeypatch.setattr("stillroom.evaluation.token_metrics.CHUNK", 21)
    for parts in (added, nll_curve(logits, labels)):
        np.testing.assert_allclose(parts.slope, whole.slope, rtol=1e-12)
        np.testing.assert_allclose(parts.curvature, whole.curvature, rtol=1e-12)
    again = scaled_scores(logits, labels, 1.7)
    assert (again.nll == calibrated.nll).all()
    assert (again.confidence == calibrated.confidence).all()


def test_a_token_that_cannot_occur_changes_nothing() -> None:
    logits, labels = spoken(40, 9, 2.0)
    wider = torch.cat([logits, torch.full((40, 3), -torch.inf)], dim=1)
    whole, padded = nll_curve(logits, labels), nll_curve(wider, labels)
    np.testing.assert_allclose(padded.slope, whole.slope, rtol=1e-12)
    np.testing.assert_allclose(padded.curvature, whole.curvature, rtol=1e-12)
    expected = scaled_scores(logits, labels, 2.0)
    np.testing.assert_allclose(scaled_scores(wider, labels, 2.0).nll, expected.nll, rtol=1e-12)


def test_what_is_added_to_all_logits_changes_nothing() -> None:
    logits, labels = spoken(40, 9, 2.0)
    moved = nll_curve(logits.double() + 1000, labels)
    np.testing.assert_allclose(moved.slope, nll_curve(logits, labels).slope, rtol=1e-9)


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
def test_logits_that_are_no_numbers_are_refused(wrong: float) -> None:
    logits, labels = spoken(4, 9, 1.0)
    logits[2, 3] = wrong
    with pytest.raises(DataError, match="NaN or infinity"):
        nll_curve(logits, labels)
    with pytest.raises(DataError, match="NaN or infinity"):
        scaled_scores(logits, labels, 2.0)


def test_scaled_scores_by_hand() -> None:
    # log(0.8 / 0.2) / 2 = log 2, so two thirds and one third.
    logits = torch.tensor([[0.8, 0.2], [0.2, 0.8]], dtype=torch.float64).log()
    scores = scaled_scores(logits, torch.tensor([0, 0]), 2.0)
    assert scores.temperature == 2.0
    assert scores.nll == pytest.approx([math.log(1.5), math.log(3)])
    assert scores.confidence == pytest.approx([2 / 3, 2 / 3])


def test_at_temperature_1_nothing_changes() -> None:
    logits, labels = spoken(40, 9, 1.0)
    scores, before = scaled_scores(logits, labels, 1.0), token_scores(logits, labels, logits)
    np.testing.assert_allclose(scores.nll, before.nll, rtol=1e-12)
    np.testing.assert_allclose(scores.confidence, before.confidence, rtol=1e-12)


def test_scaling_calibrates_other_positions() -> None:
    logits, labels = spoken(8000, 50, 3.0)
    temperature = best_temperature(nll_curve(logits[:4000], labels[:4000]))
    other, right = logits[4000:], (logits.argmax(dim=1) == labels)[4000:].numpy()
    before, after = (
        scaled_quality(scaled_scores(other, labels[4000:], one), right, 15)
        for one in (1.0, temperature)
    )
    assert before.scaled_ece > 0.2
    assert after.scaled_ece < 0.03
    assert after.scaled_nll < before.scaled_nll - 0.5


def test_measures_of_four_positions() -> None:
    model = ScaledScores(1.5, np.array([1.0, 2.0, 3.0, 2.0]), np.array([0.9, 0.9, 0.3, 0.3]))
    quality = scaled_quality(model, np.array([True, False, True, True]), bins=2)
    assert (quality.temperature, quality.scaled_nll) == (1.5, 2.0)
    # Upper bin: 2 positions, right 1/2, confident 0.9; lower bin: right 1, confident 0.3.
    assert quality.scaled_ece == pytest.approx((0.4 * 2 + 0.7 * 2) / 4)
