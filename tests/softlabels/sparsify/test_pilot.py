"""Pilot: tau by hand, and the promised number of entries against what the sparsifier keeps."""

import numpy as np
import pytest
import torch
from support.softlabels.dense_reference import normal_logits, softmax

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.entries import ThresholdEntries
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.pilot import EDGES, LOWEST_TAU, Pilot
from stillroom.softlabels.sparsify.sparsify import Batch, sparsify

# Peaked and flat rows over 1,000 classes, like the positions of a language model.
ROWS = 4000
LOGITS = normal_logits(ROWS, 1000, seed=3) * np.linspace(0.4, 2.0, ROWS, dtype=np.float32)[:, None]


def pilot_of(logits: np.ndarray, temperature: float = 1.0) -> Pilot:
    pilot = Pilot()
    pilot.see(torch.from_numpy(logits), temperature)
    return pilot


def kept(logits: np.ndarray, tau: float, temperature: float = 1.0) -> float:
    """Return the average number of entries of one draw from each row."""
    count = len(logits)
    batch = Batch(
        torch.from_numpy(logits),
        torch.arange(count),
        torch.full((count,), -1),
        torch.from_numpy(np.random.default_rng(1).random((count, 1))),
    )
    entries = sparsify(batch, Threshold(entries=1.0, tau=tau, temperature=temperature))
    assert isinstance(entries, ThresholdEntries)
    return (len(entries.head_ids) + len(entries.tail_ids)) / count


def promised(logits: np.ndarray, tau: float, temperature: float = 1.0) -> float:
    """Return the expected average in float64: the heads, and the rest of the mass in steps."""
    p = softmax(logits, temperature)
    return float(((p >= tau).sum(axis=1) + np.where(p < tau, p, 0).sum(axis=1) / tau).mean())


def test_tau_by_hand() -> None:
    # (1/2, 1/4, 1/8, 1/8) at tau = 0.2: two heads and 0.25 / 0.2 = 1.25 of the tail.
    pilot = pilot_of(np.log(np.array([[4, 2, 1, 1]], dtype=np.float32)))
    assert pilot.tau(3.25) == pytest.approx(0.2, rel=0.003)
    # At tau = 0.4: one head and 0.5 / 0.4 = 1.25.
    assert pilot.tau(2.25) == pytest.approx(0.4, rel=0.003)
    assert pilot.positions == 1


@pytest.mark.parametrize("entries", [1.0, 1.5, 4.0, 12.0, 100.0])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_the_requested_average_is_kept_to_within_two_percent(
    entries: float, temperature: float
) -> None:
    logits = LOGITS[::8]
    tau = pilot_of(logits, temperature).tau(entries)
    assert promised(logits, tau, temperature) == pytest.approx(entries, rel=0.004)
    # A row's own count is a floor or a ceiling: its deviation is at most 1/2, and 0.022 on average.
    assert kept(logits, tau, temperature) == pytest.approx(entries, rel=0.02)


def test_rows_that_the_pilot_did_not_see_keep_what_it_promised_within_two_percent() -> None:
    order = np.random.default_rng(0).permutation(ROWS)
    seen, unseen = LOGITS[order[:2000]], LOGITS[order[2000:]]
    # Spread of the rows' own expectations at a tau: 5 standard errors of the two halves' means
    # are below 2% here because the rows' counts differ by less than a third of their mean.
    flat = np.float32(0.15)
    tau = pilot_of(seen * flat).tau(12.0)
    p = softmax(unseen * flat)
    own = (p >= tau).sum(axis=1) + np.where(p < tau, p, 0).sum(axis=1) / tau
    assert 5 * own.std() * np.sqrt(2 / 2000) < 0.02 * 12
    assert kept(unseen * flat, tau) == pytest.approx(12.0, rel=0.02)


def test_the_average_falls_as_tau_rises_and_is_that_of_float64() -> None:
    average = pilot_of(LOGITS[::8]).entries()
    assert (np.diff(average) <= 1e-9).all()
    for at in (0, 500, 2000, 3500, 4096):
        assert average[at] == pytest.approx(promised(LOGITS[::8], EDGES[at]), rel=0.004)


def test_more_than_can_be_kept_is_refused_with_the_way_out() -> None:
    pilot = pilot_of(LOGITS[:20])
    with pytest.raises(SoftLabelError, match=r"entries=2000 .* softlabels\.sparsifier=full"):
        pilot.tau(2000.0)


def test_distributions_of_one_class_keep_one_entry_at_the_smallest_tau() -> None:
    logits = np.full((10, 300), -200, dtype=np.float32)
    logits[:, 5] = 0
    assert pilot_of(logits).tau(1.0) == LOWEST_TAU
    with pytest.raises(SoftLabelError, match=r"1\.0 on average"):
        pilot_of(logits).tau(1.1)


def test_a_tau_of_one_entry_is_one_that_a_threshold_accepts() -> None:
    tau = pilot_of(np.zeros((3, 4), dtype=np.float32)).tau(1.0)
    assert Threshold(entries=1.0, tau=tau, temperature=1.0).tau == pytest.approx(1)


def test_batches_and_their_order_do_not_matter() -> None:
    whole, parts = pilot_of(LOGITS[:90]), Pilot()
    for part in (LOGITS[60:90], LOGITS[:1], LOGITS[1:60]):
        parts.see(torch.from_numpy(part), 1.0)
    assert parts.positions == whole.positions == 90
    assert (parts.counts == whole.counts).all()
    assert parts.tau(12.0) == pytest.approx(whole.tau(12.0), rel=1e-9)


def test_half_precision_is_taken_as_the_float32_that_it_is() -> None:
    half = torch.from_numpy(LOGITS[:50]).bfloat16()
    pilot = Pilot()
    pilot.see(half, 1.0)
    assert pilot.tau(12.0) == pilot_of(half.float().numpy()).tau(12.0)
