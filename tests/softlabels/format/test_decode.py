"""Decode: the laws of the sparsifiers also hold after a round trip through a shard."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.softlabels.decode_cases import (
    CAPTURED,
    FLOAT32,
    KINDS,
    SAMPLE,
    THRESHOLD,
    TOPK,
    UNBIASED,
)
from support.softlabels.dense_reference import (
    log_softmax,
    normal_logits,
    row,
    softmax,
    stored,
)

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.stochastic_rounding import LEVELS
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

Doubles = NDArray[np.float64]


DRAWS = 2000


def kind_names(kinds: list[Sparsifier]) -> list[str]:
    return [kind.kind for kind in kinds]


each_kind = pytest.mark.parametrize("kind", KINDS, ids=kind_names(KINDS))


each_unbiased = pytest.mark.parametrize("kind", UNBIASED, ids=kind_names(UNBIASED))


each_size = pytest.mark.parametrize("classes", [2, 256, 257, 70_000])


def variance(p: Doubles, kind: Sparsifier) -> Doubles:
    """Return the variance of each class's estimate, from the definition of the sparsifier."""
    match kind:
        case Sample(samples=samples):
            return p * (1 - p) / samples
        case Threshold(tau=tau):
            low = np.floor(np.sqrt(p) * LEVELS)
            rounded = (((low + 1) / LEVELS) ** 2 - p) * (p - (low / LEVELS) ** 2)
            return np.where(p >= tau, rounded, p * (tau - p))
        case FixedThreshold(k=k):
            order = np.argsort(-p)
            heads = 0
            while heads < len(p) and p[order[heads]] >= p[order[heads:]].sum() / (k - heads):
                heads += 1
            step = p[order[heads:]].sum() / max(k - heads, 1)
            return np.where(np.isin(np.arange(len(p)), order[:heads]), 0, p * (step - p))
        case _:
            raise TypeError(kind)


def many_draws(logits: NDArray[np.float32], kind: Sparsifier, key: int = 1) -> Doubles:
    """Return every draw of one input, [DRAWS, C]."""
    rows = [row(key, draw=draw) for draw in range(DRAWS)]
    return stored(logits, kind, rows, [0] * DRAWS).distributions(2.0).dense()


def by_row(decoded: Decoded) -> list[tuple[bytes, ...]]:
    """Return the content of each row, as bytes."""
    temperature = 2.0
    whole = decoded.distributions(temperature).dense()
    bounds = decoded.positions
    return [
        tuple(values[a:b].tobytes() for values in (whole, decoded.entropy, decoded.log_p_label))
        for a, b in pairwise(bounds)
    ]


@each_unbiased
@pytest.mark.parametrize("classes", [2, 50])
def test_many_draws_average_to_the_distribution(kind: Sparsifier, classes: int) -> None:
    logits = normal_logits(1, classes, scale=2.5, seed=classes)
    p = softmax(logits, 2.0)[0]
    error = many_draws(logits, kind).mean(axis=0) - p
    spread = variance(p, kind) / DRAWS
    assert (np.abs(error) <= 5 * np.sqrt(spread) + FLOAT32).all()
    # All classes together: twice the expected value would be a bias too small to see in one class.
    assert (error**2).sum() <= 3 * spread.sum() + FLOAT32**2 * classes


@each_unbiased
def test_draws_have_the_variance_that_the_bounds_here_rest_on(kind: Sparsifier) -> None:
    logits = normal_logits(1, 50, scale=2.5, seed=50)
    p = softmax(logits, 2.0)[0]
    squared = ((many_draws(logits, kind) - p) ** 2).sum(axis=1).mean()
    assert squared == pytest.approx(variance(p, kind).sum(), rel=0.05)


@each_unbiased
def test_draws_of_one_input_are_independent_of_each_other(kind: Sparsifier) -> None:
    count = 1500
    logits = normal_logits(1, 20, scale=2.5, seed=4)
    p = softmax(logits, 2.0)[0]
    rows = [row(key, draw=draw) for draw in (0, 1) for key in range(count)]
    errors = stored(logits, kind, rows, [0] * (2 * count)).distributions(2.0).dense() - p
    products = errors[:count] * errors[count:]
    # The product of independent errors has mean 0; its variance is the product of theirs.
    assert (np.abs(products.mean(axis=0)) <= 5 * variance(p, kind) / np.sqrt(count) + 1e-9).all()


def test_how_heads_are_rounded_tells_nothing_of_which_tails_are_drawn() -> None:
    logits = normal_logits(1, 50, scale=2.5, seed=50)
    p = softmax(logits, 2.0)[0]
    drawn = many_draws(logits, THRESHOLD)
    first_head = np.flatnonzero(p >= THRESHOLD.tau)[0]
    largest_tail = np.where(p < THRESHOLD.tau, p, 0).argmax()
    assert drawn[:, first_head].std() > 0
    correlation = np.corrcoef(drawn[:, first_head], drawn[:, largest_tail])[0, 1]
    assert abs(correlation) < 5 / np.sqrt(DRAWS)


@each_size
def test_a_threshold_comes_back_as_heads_within_the_bound_and_tails_of_tau(classes: int) -> None:
    logits = normal_logits(20, classes, scale=4)
    p = softmax(logits, 2.0)
    distributions = stored(logits, THRESHOLD).distributions(2.0)
    own = p[distributions.owners, distributions.ids]
    heads = own >= THRESHOLD.tau
    bound = (2 * np.sqrt(own) + 1 / LEVELS) / LEVELS + FLOAT32
    assert (np.abs(distributions.weights - own) <= bound)[heads].all()
    assert (distributions.weights[~heads] == THRESHOLD.tau).all()
    assert heads.sum() == (p >= THRESHOLD.tau).sum()
    # The number of a tail's entries is the floor or the ceiling of its steps.
    steps = np.where(p < THRESHOLD.tau, p, 0).sum(axis=1) / THRESHOLD.tau
    tails = np.bincount(distributions.owners[~heads], minlength=20)
    assert (np.abs(tails - steps) < 1 + 1e-4).all()


@settings(max_examples=20)
@given(
    st.integers(0, 10_000),
    st.sampled_from([2, 3, 100, 257]),
    st.integers(1, 30),
    st.sampled_from([0.0, 1.0, 8.0, 50.0]),
    st.sampled_from([0.0, 0.9]),
)
def test_a_fixed_threshold_comes_back_with_as_many_as_it_can_keep_that_sum_to_one(
    seed: int, classes: int, k: int, scale: float, without_mass: float
) -> None:
    rng = np.random.default_rng(seed)
    logits = normal_logits(5, classes, scale=scale, seed=seed)
    logits[rng.random(logits.shape) < without_mass] = -np.inf
    logits[:, rng.integers(classes)] = 0
    # A logit 104 below the maximum has no mass in float32.
    logits[logits < logits.max(axis=1, keepdims=True) - 95] = -np.inf
    support = np.isfinite(logits).sum(axis=1)
    distributions = stored(logits, FixedThreshold(k=k, temperature=1.0)).distributions(1.0)
    assert distributions.counts.tolist() == np.minimum(k, support).tolist()
    assert len(set(zip(distributions.owners, distributions.ids, strict=True))) == len(
        distributions.ids
    )
    assert distributions.masses == pytest.approx(np.ones(5), abs=2e-6)


@each_size
def test_samples_come_back_as_whole_shares_of_their_draws(classes: int) -> None:
    distributions = stored(normal_logits(20, classes), SAMPLE).distributions(2.0)
    shares = distributions.weights * 20
    assert (shares == np.round(shares)).all()
    assert (shares >= 1).all()
    assert distributions.masses == pytest.approx(np.ones(20), rel=1e-12)


@each_size
@pytest.mark.parametrize("offset", [0.0, 80.0, -1000.0])
def test_a_head_is_exact_at_every_captured_temperature(classes: int, offset: float) -> None:
    logits = normal_logits(4, classes) + np.float32(offset)
    decoded = stored(logits, TOPK)
    for temperature in CAPTURED:
        distributions = decoded.distributions(temperature)
        assert (distributions.counts == min(5, classes)).all()
        exact = log_softmax(logits, temperature)
        log_z = logits[:, 0].astype(np.float64) / temperature - exact[:, 0]
        # log Z is stored in float32: its error is half a unit plus that of its sum of exponentials.
        bound = np.abs(log_z) / 2**24 + 2e-6
        error = np.log(distributions.weights) - exact[distributions.owners, distributions.ids]
        assert (np.abs(error) <= bound[distributions.owners]).all()
        # They are the largest, so the missing mass is the sum of the others.
        head = np.sort(np.exp(exact), axis=1)[:, -5:].sum(axis=1)
        assert distributions.masses == pytest.approx(head, rel=bound.max() * 1.1)


@pytest.mark.parametrize("classes", [2, 257, 10_000])
def test_full_is_exact_at_any_temperature(classes: int) -> None:
    logits = normal_logits(3, classes)
    decoded = stored(logits, Full())
    for temperature in (0.5, 1.0, 3.7, 20.0):
        distributions = decoded.distributions(temperature)
        relative = distributions.dense() / softmax(logits, temperature) - 1
        assert np.abs(relative).max() < 1e-12


def test_a_temperature_that_was_not_captured_is_refused_with_the_way_out() -> None:
    decoded = stored(normal_logits(2, 10), TOPK)
    with pytest.raises(SoftLabelError) as refused:
        decoded.distributions(3.0)
    message = str(refused.value)
    assert "temperature 3 was not captured" in message
    assert "Use one of 1, 2, 4, 8, 20, or add it to softlabels.temperatures" in message


@each_unbiased
def test_unbiased_labels_at_another_temperature_are_refused_with_the_way_out(
    kind: Sparsifier,
) -> None:
    decoded = stored(normal_logits(2, 10), kind)
    with pytest.raises(SoftLabelError) as refused:
        decoded.distributions(1.0)
    message = str(refused.value)
    assert "unbiased at temperature 2, but not at 1. Set" in message
    assert "objective.temperature=2, or softlabels.temperature=1" in message


@each_kind
def test_a_rows_labels_do_not_depend_on_the_order_of_the_rows(kind: Sparsifier) -> None:
    logits = normal_logits(24, 300).reshape(8, 3, 300)
    rows = [row(number, range(1 + number % 3), draw=number % 2) for number in range(8)]
    straight = by_row(stored(logits, kind, rows))
    order = [3, 7, 0, 5, 6, 1, 4, 2]
    moved = by_row(stored(logits[order], kind, [rows[at] for at in order]))
    assert moved == [straight[at] for at in order]
    alone = [by_row(stored(logits[[at]], kind, [rows[at]]))[0] for at in range(8)]
    assert alone == straight
    assert len(set(straight)) == 8
