"""Measures of language models: numbers worked out by hand."""

import math

import numpy as np
import pytest
import torch

from stillroom.errors import DataError
from stillroom.evaluation.token_metrics import (
    CHUNK,
    TokenScores,
    text_quality,
    token_quality,
    token_scores,
)

LOGITS = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.1, 0.8]]).log() + 3
TEACHER = torch.tensor([[0.25, 0.5, 0.25], [0.0, 0.2, 0.8]]).log()
LABELS = torch.tensor([0, 1])


def test_scores_of_two_positions() -> None:
    scores = token_scores(LOGITS, LABELS, TEACHER)
    assert scores.nll == pytest.approx([-math.log(0.5), -math.log(0.1)], rel=1e-6)
    assert scores.top.tolist() == [0, 2]
    assert scores.confidence == pytest.approx([0.5, 0.8], rel=1e-6)
    # 1/4 ln 1/2 + 1/2 ln 2; 0.2 ln 2, because p = 0 adds nothing.
    assert scores.kl == pytest.approx([0.25 * math.log(2), 0.2 * math.log(2)], rel=1e-5)


def test_the_teacher_is_no_distance_from_itself() -> None:
    assert token_scores(TEACHER, LABELS, TEACHER).kl == pytest.approx([0, 0], abs=1e-9)


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = torch.Generator().manual_seed(0)
    logits, teacher = (torch.randn(50, 7, generator=draws) for _ in range(2))
    labels = torch.arange(50) % 7
    whole = token_scores(logits, labels, teacher)
    monkeypatch.setattr("stillroom.evaluation.token_metrics.CHUNK", 21)
    parts = token_scores(logits, labels, teacher)
    assert CHUNK > 21
    for name in ("nll", "top", "confidence", "kl"):
        assert (getattr(whole, name) == getattr(parts, name)).all()


def test_logits_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(DataError, match="NaN or infinity"):
        token_scores(LOGITS * torch.nan, LABELS, TEACHER)
    ruled_out = LOGITS.clone()
    ruled_out[0, (LABELS[0] + 1) % LOGITS.shape[1]] = -torch.inf  # the teacher gives it mass
    with pytest.raises(DataError, match="NaN or infinity"):
        token_scores(ruled_out, LABELS, TEACHER)


def test_measures_of_four_positions() -> None:
    labels = np.array([1, 2, 3, 4])
    teacher = TokenScores(np.full(4, 0.5), np.array([1, 2, 0, 0]), np.full(4, 0.9), np.zeros(4))
    model = TokenScores(
        np.array([1.0, 2.0, 3.0, 2.0]),
        np.array([1, 0, 3, 4]),
        np.array([0.9, 0.9, 0.3, 0.3]),
        np.array([0.1, 0.2, 0.3, 0.4]),
    )
    quality = token_quality(model, teacher, labels, bins=2)
    assert quality.accuracy == 0.75
    assert quality.nll == 2.0
    # Upper bin: 2 positions, right 1/2, confident 0.9; lower bin: right 1, confident 0.3.
    assert quality.ece == pytest.approx((0.4 * 2 + 0.7 * 2) / 4)
    assert quality.agreement == 0.25
    assert quality.kl_to_teacher == pytest.approx(0.25)
    text = text_quality(model, text_bytes=16)
    assert text.perplexity == pytest.approx(math.exp(2))
    assert text.bits_per_byte == pytest.approx(8 / math.log(2) / 16)
