"""Capture requests: teachers that record their inputs, a store, and staged sets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.softlabels.dense_reference import softmax
from support.softlabels.linear_teachers import (
    NAMES,
    SHARD_ROWS,
    Linear,
    MemoryInputs,
    capture_inputs,
    linear,
)

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.capture_set import (
    CaptureJob,
    CaptureRequest,
    capture_set,
    materialise,
    open_staged,
)
from stillroom.softlabels.format.ensemble_combination import Combination, Mean
from stillroom.softlabels.format.manifest import MANIFEST, SHARDS
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold, ThresholdRequest
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest
from stillroom.softlabels.store.store import Store

INPUTS = capture_inputs(40)


@dataclass
class Progress:
    """Counts the reported rows."""

    labels: list[str] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)

    @contextmanager
    def __call__(self, label: str, rows: int) -> Iterator[Callable[[int], None]]:
        self.labels.append(label)
        self.totals.append(rows)
        self.done.append(0)

        def tick(rows: int) -> None:
            self.done[-1] += rows

        yield tick


def answers(
    store: Store,
    *teachers: Linear,
    wanted: SparsifierRequest | None = None,
    inputs: MemoryInputs = INPUTS,
    mean: Mean = "probability",
    weights: list[float] | None = None,
) -> CaptureRequest:
    shares = [1.0] * len(teachers) if weights is None else weights
    return CaptureRequest(
        jobs=tuple(CaptureJob(teacher, inputs) for teacher in teachers),
        sparsifier=Full() if wanted is None else wanted,
        combination=Combination.of(mean, shares),
        store=store,
        rows_per_shard=SHARD_ROWS,
        pilot_positions=30,
        class_names=NAMES,
    )


def run(inputs: CaptureRequest, folder: Path) -> tuple[list[Any], list[str]]:
    """Stage the answers; return the counts and the printed lines."""
    lines: list[str] = []
    return capture_set(inputs, folder, Progress(), lines.append), lines


def named(*seeds: int) -> list[Linear]:
    return [linear(seed, Full()) for seed in seeds]


def expected(shares: list[float], *teachers: Linear) -> np.ndarray[Any, Any]:
    """Return the mean of the teachers' probabilities, in float64."""
    inputs = np.stack(INPUTS.inputs).astype(np.float64)
    return sum(
        share * softmax(inputs @ teacher.weights)
        for share, teacher in zip(shares, teachers, strict=True)
    )


def test_a_staged_set_is_a_manifest_alone_and_reads_the_store(tmp_path: Path) -> None:
    store, teachers = Store(tmp_path / "store"), named(1, 2)
    run(answers(store, *teachers), tmp_path / "staged")
    assert [path.name for path in (tmp_path / "staged").iterdir()] == [MANIFEST]
    labels = open_staged(tmp_path / "staged", store)
    labels.require_intact()
    mean = labels.distributions(INPUTS.names, 1.0).dense()
    np.testing.assert_allclose(mean, expected([0.5, 0.5], *teachers), atol=1e-12)


def test_what_is_not_staged_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(SoftLabelError, match="does not exist"):
        open_staged(tmp_path, Store(tmp_path / "store"))


def test_a_materialised_set_stands_alone_with_the_stores_bytes(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(answers(store, *named(1, 2)), tmp_path / "staged")
    labels = open_staged(tmp_path / "staged", store)
    materialise(labels, tmp_path / "set")
    for number, member in enumerate(labels.manifest.members):
        for shard in member.shards:
            own = tmp_path / "set" / SHARDS / shard.name
            assert own.read_bytes() == labels.path(number, shard).read_bytes()
            assert not own.is_symlink()
            assert own.stat().st_ino != labels.path(number, shard).stat().st_ino
    (tmp_path / "store").rename(tmp_path / "gone")
    SoftLabelSet(tmp_path / "set").require_intact()
    assert SoftLabelSet(tmp_path / "set").manifest == labels.manifest


def test_progress_and_printed_lines_count_the_rows_of_each_teacher(tmp_path: Path) -> None:
    store, progress, lines = Store(tmp_path / "store"), Progress(), []
    inputs = answers(store, *named(1, 2))
    assert inputs.rows == 80
    capture_set(inputs, tmp_path / "staged", progress, lines.append)
    assert progress.labels == ["teacher 1 of 2", "teacher 2 of 2"]
    assert progress.totals == progress.done == [40, 40]
    assert [line[:34] for line in lines] == [
        "teacher 1 of 2: 40 rows captured; ",
        "teacher 2 of 2: 40 rows captured; ",
    ]


def test_a_second_stage_runs_no_teacher_and_gives_the_same_manifest(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(answers(store, *named(1, 2)), tmp_path / "first")
    again = named(1, 2)
    counts, _ = run(answers(store, *again), tmp_path / "second")
    assert [teacher.seen for teacher in again] == [[], []]
    assert [(count.captured, count.stored_whole) for count in counts] == [(0, 40), (0, 40)]
    first, second = (tmp_path / name / MANIFEST for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_for_one_more_member_only_that_member_runs(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    run(answers(store, *named(1, 2)), tmp_path / "staged")
    before = open_staged(tmp_path / "staged", store).manifest.members
    first, second, third = named(1, 2, 3)
    run(answers(store, first, second, third), tmp_path / "staged")
    assert (first.seen, second.seen) == ([], [])
    assert sorted(third.seen) == sorted(seen.tobytes() for seen in INPUTS.inputs)
    labels = open_staged(tmp_path / "staged", store)
    assert labels.manifest.members[:2] == before
    mean = labels.distributions(INPUTS.names, 1.0).dense()
    np.testing.assert_allclose(mean, expected([1 / 3] * 3, first, second, third), atol=1e-12)


def test_other_weights_run_no_teacher_and_give_another_set(tmp_path: Path) -> None:
    store, teachers = Store(tmp_path / "store"), named(1, 2)
    run(answers(store, *teachers), tmp_path / "even")
    for teacher in teachers:
        teacher.seen.clear()
    run(answers(store, *teachers, weights=[3.0, 1.0]), tmp_path / "uneven")
    assert [teacher.seen for teacher in teachers] == [[], []]
    even, uneven = (open_staged(tmp_path / name, store) for name in ("even", "uneven"))
    assert even.manifest.members == uneven.manifest.members
    assert even.manifest.fingerprint != uneven.manifest.fingerprint
    mean = uneven.distributions(INPUTS.names, 1.0).dense()
    np.testing.assert_allclose(mean, expected([0.75, 0.25], *teachers), atol=1e-12)


def test_the_mean_of_logits_of_full_labels_runs_no_teacher_either(tmp_path: Path) -> None:
    store, teachers = Store(tmp_path / "store"), named(1, 2)
    run(answers(store, *teachers), tmp_path / "one")
    for teacher in teachers:
        teacher.seen.clear()
    run(answers(store, *teachers, mean="logit"), tmp_path / "two")
    assert [teacher.seen for teacher in teachers] == [[], []]
    inputs = np.stack(INPUTS.inputs).astype(np.float64)
    mean = inputs @ (teachers[0].weights + teachers[1].weights).astype(np.float64) / 2
    combined = open_staged(tmp_path / "two", store).distributions(INPUTS.names, 1.0).dense()
    np.testing.assert_allclose(combined, softmax(mean), atol=1e-12)


REQUEST = ThresholdRequest(entries=2.0, temperature=1.0)


@pytest.mark.parametrize(
    ("wanted", "mean", "weights", "words"),
    [
        (TopK(k=2, temperatures=(1.0,)), "probability", None, r"combine=capture"),
        (Sample(samples=5, temperature=1.0), "logit", None, r"combine=capture"),
        (REQUEST, "logit", None, r"combine=capture"),
        (Full(), "probability", [1.0, 2.0, 3.0], r"2 teachers and 3 weights"),
    ],
    ids=["mean of heads", "logits of a sample", "logits of a threshold", "a weight too many"],
)
def test_members_that_cannot_be_combined_exactly_are_refused_before_a_teacher_runs(
    tmp_path: Path, wanted: SparsifierRequest, mean: Mean, weights: list[float] | None, words: str
) -> None:
    teachers = named(1, 2)
    inputs = answers(
        Store(tmp_path / "store"), *teachers, wanted=wanted, mean=mean, weights=weights
    )
    with pytest.raises(SoftLabelError, match=words):
        run(inputs, tmp_path / "staged")
    assert [teacher.seen for teacher in teachers] == [[], []]
    assert not (tmp_path / "staged" / MANIFEST).exists()


def test_each_teacher_has_a_tau_of_its_own_that_more_rows_do_not_move(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    few = INPUTS.take(range(30))
    first, second = named(1, 2)
    _, lines = run(answers(store, first, second, wanted=REQUEST, inputs=few), tmp_path / "few")
    assert [line.split(":")[0] for line in lines] == [
        "pilot of 30 positions",
        "teacher 1 of 2",
        "pilot of 30 positions",
        "teacher 2 of 2",
    ]
    kinds = [c.sparsifier for c in open_staged(tmp_path / "few", store).manifest.captures]
    assert all(isinstance(kind, Threshold) for kind in kinds)
    assert kinds[0] != kinds[1]
    again = named(1, 2)
    counts, lines = run(answers(store, *again, wanted=REQUEST), tmp_path / "all")
    assert [c.sparsifier for c in open_staged(tmp_path / "all", store).manifest.captures] == kinds
    new = sorted(seen.tobytes() for seen in INPUTS.inputs[30:])
    assert [sorted(teacher.seen) for teacher in again] == [new, new]
    assert [count.captured for count in counts] == [10, 10]
    assert not any(line.startswith("pilot") for line in lines)


def test_more_rows_give_the_set_that_was_never_captured_in_parts(tmp_path: Path) -> None:
    tau = REQUEST.at(0.25)
    parts, whole = Store(tmp_path / "parts"), Store(tmp_path / "whole")
    for count in (17, 31, 40):
        some = answers(parts, *named(1, 2), wanted=tau, inputs=INPUTS.take(range(count)))
        run(some, tmp_path / "grown")
    run(answers(whole, *named(1, 2), wanted=tau), tmp_path / "at once")
    grown, once = (tmp_path / name / MANIFEST for name in ("grown", "at once"))
    assert grown.read_bytes() == once.read_bytes()
    for member in (0, 1):
        one, other = (
            open_staged(tmp_path / "grown", parts),
            open_staged(tmp_path / "at once", whole),
        )
        for shard in one.manifest.members[member].shards:
            ours, theirs = one.path(member, shard), other.path(member, shard)
            assert ours.read_bytes() == theirs.read_bytes()
