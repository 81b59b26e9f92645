"""Solving a threshold: tau is solved once for a teacher and a request, and reused afterwards."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.softlabels.linear_teachers import (
    Linear,
    MemoryInputs,
    capture_inputs,
    fill,
    linear,
    token_inputs,
)

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.chunks import CaptureInput
from stillroom.softlabels.capture.complete_sparsifier import (
    pilot_inputs,
    solved_member,
)
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold, ThresholdRequest
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store

WANTED = ThresholdRequest(entries=3.0, temperature=1.0)
CLASSES = 64


def teacher(**changes: Any) -> Linear:
    member = linear(1, Full(), CLASSES)
    return replace(member, capture=replace(member.capture, **changes))


def solve(
    of: Linear,
    store: Store,
    inputs: Iterable[CaptureInput] | None = None,
    wanted: ThresholdRequest = WANTED,
    lines: list[str] | None = None,
) -> Threshold:
    """Return the solved sparsifier of a teacher over some inputs."""
    report = [].append if lines is None else lines.append
    rows = capture_inputs(200, classes=CLASSES) if inputs is None else inputs
    solved = solved_member(of, wanted, rows, store, 100, report).capture.sparsifier
    assert isinstance(solved, Threshold)
    return solved


def test_a_tau_is_solved_by_a_pilot_of_the_requested_number_of_positions(tmp_path: Path) -> None:
    of, lines = teacher(), []
    solved = solve(of, Store(tmp_path), lines=lines)
    assert len(of.seen) == len(set(of.seen)) == 100
    assert solved == WANTED.at(solved.tau)
    assert lines == [f"pilot of 100 positions: tau {solved.tau:.3g} keeps 3 entries on average"]


def test_the_tau_keeps_the_requested_entries_on_average(tmp_path: Path) -> None:
    inputs = capture_inputs(400, classes=CLASSES)
    tau = solve(teacher(), Store(tmp_path), inputs).tau
    logits = np.stack(inputs.inputs).astype(np.float64) @ teacher().weights
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = (p >= tau).sum(axis=1) + np.where(p < tau, p, 0).sum(axis=1) / tau
    # The pilot saw 100 of the 400: three standard errors of its mean.
    assert expected.mean() == pytest.approx(3.0, abs=3 * expected.std() / 10)


def test_a_stored_tau_is_reused_to_the_last_bit_and_no_pilot_runs(tmp_path: Path) -> None:
    store, of = Store(tmp_path), teacher()
    first = solve(of, store)
    fill(of.keeping(first), store, capture_inputs(20, classes=CLASSES))
    of.seen.clear()
    more = capture_inputs(300, classes=CLASSES).take(range(100, 300))
    assert solve(of, store, more) == first
    assert of.seen == []
    assert solve(teacher(), Store(tmp_path / "empty"), more) != first


@pytest.mark.parametrize(
    "other",
    [
        {"weights": "other"},
        {"architecture": "other"},
        {"preprocessing": "other"},
        {"augmentation": "crops"},
        {"dtype": "bfloat16"},
        {"seed": 1},
        {"batch_size": 8},
        {"libraries": ("numpy 3",)},
        {"device": "cuda"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_stored_tau_is_not_used_for_another_teacher(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    store = Store(tmp_path)
    frozen = WANTED.at(0.011)
    fill(teacher().keeping(frozen), store, capture_inputs(3, classes=CLASSES))
    assert solve(teacher(), store) == frozen
    assert solve(teacher(**other), store) != frozen


@pytest.mark.parametrize("other", [{"entries": 4.0}, {"temperature": 2.0}])
def test_a_stored_tau_is_not_used_for_another_request(
    tmp_path: Path, other: dict[str, float]
) -> None:
    store = Store(tmp_path)
    fill(teacher().keeping(WANTED.at(0.011)), store, capture_inputs(3, classes=CLASSES))
    solved = solve(teacher(), store, wanted=replace(WANTED, **other))
    assert solved.tau != 0.011
    assert solved == replace(WANTED, **other).at(solved.tau)


def test_a_tau_that_was_set_by_hand_is_not_used_for_a_request(tmp_path: Path) -> None:
    store = Store(tmp_path)
    named = Threshold(entries=None, tau=0.011, temperature=1.0)
    fill(teacher().keeping(named), store, capture_inputs(3, classes=CLASSES))
    assert solve(teacher(), store).tau != 0.011


def test_two_stored_taus_are_an_error_that_tells_to_set_one(tmp_path: Path) -> None:
    store, of = Store(tmp_path), teacher()
    for tau in (0.02, 0.011):
        fill(of.keeping(WANTED.at(tau)), store, capture_inputs(3, classes=CLASSES))
    of.seen.clear()
    with pytest.raises(SoftLabelError, match=r"tau 0\.011, 0\.02 .* Set softlabels\.tau"):
        solve(of, store)
    assert of.seen == []
    named = Threshold(entries=None, tau=0.02, temperature=1.0)
    assert (
        solved_member(of, named, capture_inputs(3), store, 100, print).capture.sparsifier == named
    )


def test_a_damaged_store_has_no_tau(tmp_path: Path) -> None:
    store = Store(tmp_path)
    fill(teacher().keeping(WANTED.at(0.011)), store, capture_inputs(3, classes=CLASSES))
    (manifest,) = tmp_path.rglob("manifest.json")
    manifest.write_text(manifest.read_text().replace('"tau": 0.011', '"tau": 1.011'))
    assert solve(teacher(), store).tau != 0.011


@pytest.mark.parametrize(
    "kind",
    [
        Full(),
        TopK(k=2, temperatures=(1.0,)),
        Sample(samples=5, temperature=1.0),
        FixedThreshold(k=2, temperature=1.0),
        WANTED.at(0.25),
        Threshold(entries=None, tau=0.25, temperature=1.0),
    ],
    ids=str,
)
def test_a_complete_sparsifier_stays_as_it_is_and_no_teacher_runs(
    tmp_path: Path, kind: Sparsifier
) -> None:
    of = teacher()
    member = solved_member(of, kind, capture_inputs(5), Store(tmp_path), 100, lambda line: None)
    assert member.capture == replace(of.capture, sparsifier=kind)
    assert kind.expected(teacher(weights="other").capture.sparsifier) == kind
    assert of.seen == []


def test_more_entries_than_there_are_is_an_error_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(SoftLabelError, match=r"softlabels\.entries=5000 is too many"):
        solve(teacher(), Store(tmp_path), wanted=replace(WANTED, entries=5000.0))


@pytest.mark.parametrize(
    ("stored", "tau"),
    [
        (WANTED.at(0.011), 0.011),
        (replace(WANTED, entries=4.0).at(0.02), 0.02),
        (replace(WANTED, temperature=2.0).at(0.02), 0.02),
        (Full(), 0.5),
    ],
)
def test_a_reader_expects_the_tau_of_the_set_and_its_own_request(
    stored: Sparsifier, tau: float
) -> None:
    expected = WANTED.expected(stored)
    assert expected == WANTED.at(tau)
    assert (expected == stored) == (stored == WANTED.at(0.011))


@pytest.mark.parametrize(
    "inputs", [capture_inputs(60), token_inputs(60)], ids=["classes", "tokens"]
)
def test_a_sample_depends_on_no_order_and_has_so_many_positions(inputs: MemoryInputs) -> None:
    chosen = pilot_inputs(inputs, 20)
    order = np.random.default_rng(0).permutation(60).tolist()
    again = pilot_inputs(inputs.take(order), 20)
    keys = [capture_input.row.input_key for capture_input in chosen]
    assert keys == [capture_input.row.input_key for capture_input in again] == sorted(set(keys))
    assert 20 <= sum(len(capture_input.row.labels) for capture_input in chosen) <= 22
    by_key = {q.row.input_key: q.input() for q in inputs}
    assert all((q.input() == by_key[q.row.input_key]).all() for q in chosen)


def test_a_sample_of_more_than_there_is_is_all_of_it_with_equal_inputs_once() -> None:
    inputs = capture_inputs(10)
    twice = inputs.take([*range(10), *range(5)])
    assert len(pilot_inputs(twice, 1000)) == 10
