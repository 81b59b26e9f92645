"""Measure: the bytes per row of a sample are those of a full capture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.softlabels.linear_teachers import Linear, MemoryInputs, capture_inputs, linear

from stillroom.softlabels.capture.capture import MemberCapture
from stillroom.softlabels.capture.complete_sparsifier import solved_member
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.plan.measure import MemberAnswers, SampleAnswers
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest
from stillroom.softlabels.store.store import Store

ROWS, CLASSES, SHARD = 2400, 40, 2000
KINDS: list[SparsifierRequest] = [
    Full(),
    TopK(k=8, temperatures=(1.0, 2.0)),
    ThresholdRequest(8.0, 2.0),
    FixedThreshold(k=8, temperature=2.0),
    Sample(samples=12, temperature=2.0),
]


def teacher_of(seed: int) -> Linear:
    """Return a teacher whose logits use all bits of a float32, like those of real teachers."""
    member = linear(seed, Full(), CLASSES)
    draws = np.random.default_rng(seed).standard_normal(member.weights.shape)
    capture = replace(member.capture, batch_size=256)
    return replace(member, weights=(draws / 2).astype(np.float32), capture=capture)


def answers_of(inputs: MemoryInputs, member: Linear) -> MemberAnswers:
    return MemberAnswers(member, inputs.rows, np.stack(inputs.inputs) @ member.weights)


def sample_answers(
    inputs: MemoryInputs, members: list[Linear], rows_per_shard: int = SHARD
) -> SampleAnswers:
    answers = [answers_of(inputs, member) for member in members]
    return SampleAnswers(
        answers=answers,
        pilots=[one.pilot(2.0) for one in answers],
        combination=Combination.of("probability", [1.0] * len(members)),
        temperature=2.0,
        rows_per_shard=rows_per_shard,
    )


@pytest.mark.parametrize("sparsifier", KINDS, ids=lambda sparsifier: type(sparsifier).__name__)
def test_the_bytes_are_those_of_a_real_capture(
    sparsifier: SparsifierRequest, tmp_path: Path
) -> None:
    inputs, teacher = capture_inputs(ROWS, 1, CLASSES), teacher_of(1)
    store = Store(tmp_path)
    member = solved_member(teacher, sparsifier, inputs, store, ROWS, lambda line: None)
    shards = list(MemberCapture(member, store, SHARD).shards(inputs, lambda rows: None))
    real = sum(shard.bytes for shard in shards) / ROWS
    measurement = sample_answers(
        inputs.take(range(0, ROWS, 5)), [teacher], ROWS // len(shards)
    ).measure(sparsifier)
    assert measurement.bytes_per_row == pytest.approx(real, rel=0.05)


def test_entries_and_retained_mass_follow_the_kind() -> None:
    sample = sample_answers(capture_inputs(400, 1, CLASSES), [teacher_of(1)])
    measurements = {type(sparsifier): sample.measure(sparsifier) for sparsifier in KINDS}
    full = sample.full().dense()
    assert measurements[Full].entries == CLASSES
    assert measurements[Full].retained_mass == pytest.approx(1)
    top = np.sort(full, axis=1)[:, -8:].sum(axis=1).mean()
    assert measurements[TopK].retained_mass == pytest.approx(top, abs=1e-6)
    assert measurements[Sample].retained_mass == 0
    assert measurements[ThresholdRequest].entries == pytest.approx(8, rel=0.03)
    assert measurements[FixedThreshold].entries == 8
    for kind in (ThresholdRequest, FixedThreshold):
        assert 0 < measurements[kind].retained_mass < 1
    assert [len(measurements[type(sparsifier)].draws) for sparsifier in KINDS] == [1, 1, 4, 4, 4]


def test_draws_differ_and_their_mean_is_closer_to_the_full_labels() -> None:
    sample = sample_answers(capture_inputs(200, 1, CLASSES), [teacher_of(1)])
    full = sample.full().dense()
    draws = [draw.dense() for draw in sample.measure(Sample(samples=12, temperature=2.0)).draws]
    apart = [((draw - full) ** 2).sum() for draw in draws]
    together = ((np.mean(draws, axis=0) - full) ** 2).sum()
    assert together == pytest.approx(np.mean(apart) / 4, rel=0.15)


def test_bytes_of_several_teachers_add_up_and_their_distributions_are_combined() -> None:
    inputs, members = capture_inputs(300, 1, CLASSES), [teacher_of(1), teacher_of(2)]
    both = sample_answers(inputs, members)
    kind = FixedThreshold(k=4, temperature=2.0)
    alone = [sample_answers(inputs, [member]).measure(kind).bytes_per_row for member in members]
    assert both.measure(kind).bytes_per_row == pytest.approx(sum(alone))
    parts = [sample_answers(inputs, [member]).full().dense() for member in members]
    assert both.full().dense() == pytest.approx((parts[0] + parts[1]) / 2)


def test_top_k_of_several_teachers_is_measured_but_not_combined() -> None:
    inputs, members = capture_inputs(100, 1, CLASSES), [teacher_of(1), teacher_of(2)]
    measurement = sample_answers(inputs, members).measure(TopK(k=2, temperatures=(2.0,)))
    assert measurement.draws == []
    assert measurement.bytes_per_row > 0


def test_the_fixed_bytes_of_a_shard_are_spread_over_its_rows() -> None:
    inputs, teacher = capture_inputs(200, 1, CLASSES), teacher_of(1)
    small, large = (
        sample_answers(inputs, [teacher], size).measure(Full()).bytes_per_row
        for size in (100, 10_000)
    )
    assert 10 < small - large < 60  # 1 to 6 kB over 100 rows
