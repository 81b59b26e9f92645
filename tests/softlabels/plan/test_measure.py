"""Weighing: what a sample says of bytes is what a capture of everything writes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from linear_teachers import Linear, Questions, linear, questions

from stillroom.softlabels.capture.capture import Capturing
from stillroom.softlabels.capture.solve_threshold import ThresholdRequest, Wanted, settled
from stillroom.softlabels.format.combination import Combination
from stillroom.softlabels.plan.measure import Answered, Scales
from stillroom.softlabels.sparsify.sparsifiers import FixedThreshold, Full, Sample, TopK
from stillroom.softlabels.store.store import Store

ROWS, CLASSES, SHARD = 2400, 40, 2000
KINDS: list[Wanted] = [
    Full(),
    TopK(k=8, temperatures=(1.0, 2.0)),
    ThresholdRequest(8.0, 2.0),
    FixedThreshold(k=8, temperature=2.0),
    Sample(draws=12, temperature=2.0),
]


def teacher_of(seed: int) -> Linear:
    """Return a teacher whose logits use all bits of a float32, as those of real ones do."""
    known = linear(seed, Full(), CLASSES)
    draws = np.random.default_rng(seed).standard_normal(known.weights.shape)
    capture = replace(known.capture, batch_size=256)
    return replace(known, weights=(draws / 2).astype(np.float32), capture=capture)


def answered(asked: Questions, member: Linear) -> Answered:
    return Answered(member, asked.rows, np.stack(asked.inputs) @ member.weights)


def scales(asked: Questions, members: list[Linear], rows_per_shard: int = SHARD) -> Scales:
    found = [answered(asked, member) for member in members]
    return Scales(
        answered=found,
        pilots=[one.pilot(2.0) for one in found],
        combination=Combination.of("probability", [1.0] * len(members)),
        temperature=2.0,
        rows_per_shard=rows_per_shard,
    )


@pytest.mark.parametrize("wanted", KINDS, ids=lambda wanted: type(wanted).__name__)
def test_the_bytes_are_those_of_a_real_capture(wanted: Wanted, tmp_path: Path) -> None:
    asked, teacher = questions(ROWS, 1, CLASSES), teacher_of(1)
    store = Store(tmp_path)
    member = settled(teacher, wanted, asked, store, ROWS, lambda line: None)
    shards = list(Capturing(member, store, SHARD).shards(asked, lambda rows: None))
    real = sum(shard.bytes for shard in shards) / ROWS
    found = scales(asked.take(range(0, ROWS, 5)), [teacher], ROWS // len(shards)).weighed(wanted)
    assert found.bytes_per_row == pytest.approx(real, rel=0.05)


def test_what_is_kept_is_told_by_kind() -> None:
    weigh = scales(questions(400, 1, CLASSES), [teacher_of(1)])
    found = {type(wanted): weigh.weighed(wanted) for wanted in KINDS}
    full = weigh.full().dense()
    assert found[Full].entries == CLASSES
    assert found[Full].retained_mass == pytest.approx(1)
    top = np.sort(full, axis=1)[:, -8:].sum(axis=1).mean()
    assert found[TopK].retained_mass == pytest.approx(top, abs=1e-6)
    assert found[Sample].retained_mass == 0
    assert found[ThresholdRequest].entries == pytest.approx(8, rel=0.03)
    assert found[FixedThreshold].entries == 8
    for kind in (ThresholdRequest, FixedThreshold):
        assert 0 < found[kind].retained_mass < 1
    assert [len(found[type(wanted)].draws) for wanted in KINDS] == [1, 1, 4, 4, 4]


def test_draws_differ_and_their_mean_comes_nearer() -> None:
    weigh = scales(questions(200, 1, CLASSES), [teacher_of(1)])
    full = weigh.full().dense()
    draws = [draw.dense() for draw in weigh.weighed(Sample(draws=12, temperature=2.0)).draws]
    apart = [((draw - full) ** 2).sum() for draw in draws]
    together = ((np.mean(draws, axis=0) - full) ** 2).sum()
    assert together == pytest.approx(np.mean(apart) / 4, rel=0.15)


def test_several_teachers_add_up_in_bytes_and_are_combined_in_what_is_read() -> None:
    asked, members = questions(300, 1, CLASSES), [teacher_of(1), teacher_of(2)]
    both = scales(asked, members)
    kind = FixedThreshold(k=4, temperature=2.0)
    alone = [scales(asked, [member]).weighed(kind).bytes_per_row for member in members]
    assert both.weighed(kind).bytes_per_row == pytest.approx(sum(alone))
    parts = [scales(asked, [member]).full().dense() for member in members]
    assert both.full().dense() == pytest.approx((parts[0] + parts[1]) / 2)


def test_top_k_of_several_teachers_is_weighed_and_not_combined() -> None:
    asked, members = questions(100, 1, CLASSES), [teacher_of(1), teacher_of(2)]
    found = scales(asked, members).weighed(TopK(k=2, temperatures=(2.0,)))
    assert found.draws == []
    assert found.bytes_per_row > 0


def test_what_each_shard_has_is_spread_over_its_rows() -> None:
    asked, teacher = questions(200, 1, CLASSES), teacher_of(1)
    small, large = (
        scales(asked, [teacher], size).weighed(Full()).bytes_per_row for size in (100, 10_000)
    )
    assert 10 < small - large < 60  # 1 to 6 kB over 100 rows
