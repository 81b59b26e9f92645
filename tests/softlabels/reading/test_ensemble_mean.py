"""Ensemble mean: by hand and against float64, and the combinations that are refused."""

import numpy as np
import pytest
from pydantic import ValidationError
from support.softlabels.dense_reference import log_softmax, normal_logits, row, softmax, stored

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.distributions import Distributions, SparseDistributions
from stillroom.softlabels.format.ensemble_combination import Combination, require_combinable
from stillroom.softlabels.reading.ensemble_mean import ensemble_mean
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

TOPK = TopK(k=3, temperatures=(1.0,))
SAMPLE = Sample(samples=50, temperature=1.0)
THRESHOLD = Threshold(entries=9.0, tau=0.05, temperature=1.0)
FIXED = FixedThreshold(k=6, temperature=1.0)
UNBIASED: list[Sparsifier] = [SAMPLE, THRESHOLD, FIXED]
PROBABILITY = Combination.of("probability", [1, 1])
LOGIT = Combination.of("logit", [1, 1])


def whole(*p: list[float]) -> Distributions:
    dense = np.array(p)
    owners, ids = np.indices(dense.shape)
    return SparseDistributions(owners.ravel(), ids.ravel(), dense.ravel(), *dense.shape)


def test_shares_are_proportional_to_the_weights() -> None:
    assert Combination.of("logit", [3, 1]).shares == (0.75, 0.25)


@pytest.mark.parametrize("weights", [[1, 0], [2, -1]])
def test_a_member_without_a_share_is_refused(weights: list[float]) -> None:
    with pytest.raises(ValidationError):
        Combination.of("probability", weights)


def test_a_mean_of_probabilities_by_hand() -> None:
    mean = ensemble_mean(
        [whole([0.5, 0.5], [1, 0]), whole([0.1, 0.9], [0, 1])],
        Combination.of("probability", [3, 1]),
    )
    # 3/4 * 0.5 + 1/4 * 0.1 = 0.4
    assert mean.dense() == pytest.approx(np.array([[0.4, 0.6], [0.75, 0.25]]))


def test_a_mean_of_logits_by_hand() -> None:
    mean = ensemble_mean([whole([0.9, 0.1], [0.8, 0.2]), whole([0.5, 0.5], [0.2, 0.8])], LOGIT)
    # sqrt(0.45) : sqrt(0.05) = 3 : 1
    assert mean.dense() == pytest.approx(np.array([[0.75, 0.25], [0.5, 0.5]]))


def test_a_class_that_one_member_rules_out_has_no_geometric_mean() -> None:
    mean = ensemble_mean([whole([0.5, 0.5, 0]), whole([0, 0.5, 0.5])], LOGIT)
    assert mean.dense().tolist() == [[0, 1, 0]]


def test_members_that_leave_no_class_together_are_refused_not_nan() -> None:
    sure = [whole([0.5, 0.5], [1, 0]), whole([0.5, 0.5], [0, 1])]
    with pytest.raises(SoftLabelError, match=r"position 1: .* softlabels\.mean=probability"):
        ensemble_mean(sure, LOGIT)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, 7.3])
def test_whole_members_are_combined_exactly_at_any_temperature(temperature: float) -> None:
    logits = [normal_logits(5, 40, seed=seed) for seed in (1, 2, 3)]
    weights = [0.5, 0.2, 0.3]
    parts = [stored(member, Full()).distributions(temperature) for member in logits]
    arithmetic = ensemble_mean(parts, Combination.of("probability", weights)).dense()
    geometric = ensemble_mean(parts, Combination.of("logit", weights)).dense()
    p = sum(w * softmax(m, temperature) for w, m in zip(weights, logits, strict=True))
    log_p = sum(w * log_softmax(m, temperature) for w, m in zip(weights, logits, strict=True))
    assert arithmetic == pytest.approx(p, rel=1e-12)
    # The mean of log p differs from that of the logits by a constant.
    assert geometric == pytest.approx(softmax(np.asarray(log_p)), rel=1e-12)


@pytest.mark.parametrize("kind", UNBIASED, ids=[kind.kind for kind in UNBIASED])
def test_a_mean_of_unbiased_members_is_unbiased(kind: Sparsifier) -> None:
    draws, classes, shares = 2000, 40, (0.7, 0.3)
    logits = [normal_logits(1, classes, scale=1.5, seed=seed) for seed in (1, 2)]
    rows = [row(5, draw=draw) for draw in range(draws)]
    parts = [
        stored(member, kind, rows, [0] * draws, weights=f"{seed:064x}").distributions(1.0)
        for seed, member in enumerate(logits)
    ]
    # Each member estimates its own distribution, so its variance is the observed one. The members
    # are independent of each other, so their variances add up.
    means = ensemble_mean(parts, Combination.of("probability", shares)).dense()
    expected = shares[0] * softmax(logits[0])[0] + shares[1] * softmax(logits[1])[0]
    variance = sum(s**2 * part.dense().var(axis=0) for s, part in zip(shares, parts, strict=True))
    error = means.mean(axis=0) - expected
    assert (np.abs(error) <= 5 * np.sqrt(variance / draws) + 1e-6).all()
    assert means.var(axis=0).sum() == pytest.approx(variance.sum(), rel=0.05)


def test_one_whole_and_one_unbiased_member_may_have_a_mean_of_probabilities() -> None:
    require_combinable([Full(), THRESHOLD], PROBABILITY)
    require_combinable([Full(), Full()], LOGIT)
    require_combinable([SAMPLE, THRESHOLD], PROBABILITY)


@pytest.mark.parametrize("kind", [Full(), TOPK, *UNBIASED])
def test_a_single_member_stays_as_it_is(kind: Sparsifier) -> None:
    for mean in ("probability", "logit"):
        require_combinable([kind], Combination.of(mean, [2.0]))
    part = whole([0.25, 0.25])  # a head: it is not normalised in between
    assert ensemble_mean([part], Combination.of("logit", [2.0])).dense().tolist() == [[0.25, 0.25]]


@pytest.mark.parametrize("kind", [TOPK, *UNBIASED])
def test_a_geometric_mean_without_every_logit_is_refused(kind: Sparsifier) -> None:
    for members in ([kind, kind], [Full(), kind]):
        with pytest.raises(SoftLabelError, match=r"needs every logit.*softlabels\.combine=capture"):
            require_combinable(members, LOGIT)


@pytest.mark.parametrize("members", [[TOPK, TOPK], [Full(), TOPK], [TOPK, THRESHOLD]])
def test_any_mean_of_truncated_heads_is_refused(members: list[Sparsifier]) -> None:
    with pytest.raises(SoftLabelError, match=r"largest classes is inexact.*combine=capture"):
        require_combinable(members, PROBABILITY)
    with pytest.raises(SoftLabelError, match=r"softlabels\.combine=capture"):
        require_combinable(members, LOGIT)


def test_members_that_are_unbiased_at_different_temperatures_are_refused() -> None:
    other = Sample(samples=50, temperature=4.0)
    with pytest.raises(SoftLabelError, match=r"different temperatures: \[1\.0, 4\.0\]"):
        require_combinable([THRESHOLD, other], PROBABILITY)


def test_a_weight_for_each_teacher_is_demanded() -> None:
    with pytest.raises(SoftLabelError, match="3 teachers and 2 weights"):
        require_combinable([Full()] * 3, PROBABILITY)
