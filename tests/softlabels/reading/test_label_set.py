"""Reading a set: rows are read by key, not by position, and damaged files are not served."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.softlabels.linear_teachers import (
    NAMES,
    Captured,
    MemoryInputs,
    capture,
    capture_inputs,
    linear,
    token_inputs,
    write_set,
)

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.manifest import manifest_of, write_manifest
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store.store import Store


def softmax(logits: np.ndarray) -> np.ndarray:
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def rows_of(inputs: MemoryInputs) -> list[slice]:
    """Return the indices of each row's positions among all positions."""
    ends = np.cumsum([len(row.labels) for row in inputs.rows]).tolist()
    return [slice(a, b) for a, b in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("temperature", [1.0, 2.5, 4.0])
def test_the_ensemble_is_the_mean_of_the_members_probabilities(
    captured: Captured, temperature: float
) -> None:
    expected = sum(softmax(captured.dense(member) / temperature) for member in (0, 1)) / 2
    mean = captured.labels.plain(captured.capture_inputs.example_ids, temperature)
    assert mean.dense() == pytest.approx(expected, abs=1e-7)


def test_the_mean_of_logits_is_the_softmax_of_the_mean_logit(tmp_path: Path) -> None:
    made = capture(tmp_path / "set", mean="logit")
    mean = made.labels.plain(made.capture_inputs.example_ids, 2.0).dense()
    assert mean == pytest.approx(softmax((made.dense(0) + made.dense(1)) / 4), abs=1e-7)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Captured:
    """Return a set of two members over rows of one to three positions."""
    return capture(tmp_path_factory.mktemp("tokens") / "set", inputs=token_inputs())


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 9), unique=True))
def test_rows_come_with_all_their_positions_in_the_order_of_the_names(
    tokens: Captured, order: list[int]
) -> None:
    whole = sum(softmax(tokens.dense(member)) for member in (0, 1)) / 2
    places = rows_of(tokens.capture_inputs)
    names = [tokens.capture_inputs.names[row] for row in order]
    expected = np.concatenate([np.zeros((0, 4)), *(whole[places[row]] for row in order)])
    assert tokens.labels.distributions(names, 1.0).dense() == pytest.approx(expected, abs=1e-7)
    lengths = [places[row].stop - places[row].start for row in order]
    assert tokens.labels.positions(names).tolist() == lengths


def test_the_same_rows_in_another_order_on_disk_read_the_same(tmp_path: Path) -> None:
    inputs = token_inputs()
    backwards = inputs.take(range(9, -1, -1))
    one, other = (
        capture(tmp_path / name, inputs=rows) for name, rows in (("a", inputs), ("b", backwards))
    )
    assert one.labels.manifest.content != other.labels.manifest.content
    means = [of.labels.distributions(inputs.names, 1.0).dense() for of in (one, other)]
    assert (means[0] == means[1]).all()


def test_views_and_draws_are_different_rows(tmp_path: Path) -> None:
    plain, kind = capture_inputs(12), Sample(samples=3, temperature=1.0)
    viewed = MemoryInputs(
        tuple(replace(row, view=1, input_key=row.input_key[::-1]) for row in plain.rows),
        tuple(-seen for seen in plain.inputs),
    )
    inputs = MemoryInputs(
        plain.rows + viewed.rows + viewed.with_rows(draw=1).rows,
        plain.inputs + viewed.inputs + viewed.inputs,
    )
    made = capture(tmp_path / "set", members=1, sparsifier=kind, inputs=inputs)
    assert made.labels.manifest.rows == 3 * len(plain.example_ids)
    assert made.labels.captured_inputs == 2 * len(
        plain.example_ids
    )  # two views, one of them with two draws
    each = [
        made.labels.distributions([(key, view, draw) for key in plain.example_ids], 1.0).dense()
        for view, draw in ((0, 0), (1, 0), (1, 1))
    ]
    assert (made.labels.plain(plain.example_ids, 1.0).dense() == each[0]).all()
    logits = made.dense(0)
    for number, probabilities in enumerate(each):
        p = softmax(logits[12 * number : 12 * (number + 1)])
        # A class of probability 1e-3 is drawn about once in 333 rows of three draws.
        assert (probabilities.argmax(axis=1) == p.argmax(axis=1)).mean() > 0.6
        assert probabilities.sum(axis=1) == pytest.approx(np.ones(12))
    assert (each[1] != each[2]).any()
    with pytest.raises(SoftLabelError, match="view 0, draw 1"):
        made.labels.distributions([(plain.example_ids[0], 0, 1)], 1.0)


def test_the_first_row_without_soft_labels_is_named_and_all_are_counted(
    captured: Captured,
) -> None:
    key = captured.capture_inputs.example_ids[0]
    names = [(key, 0, 0), (b"\xfe" * 16, 2, 1), (b"\xff" * 16, 0, 0), (key, 1, 0)]
    message = rf"3 of 4 rows have no soft label, the first is example {'fe' * 16}, view 2, draw 1"
    for read in (captured.labels.positions, lambda rows: captured.labels.distributions(rows, 1.0)):
        with pytest.raises(SoftLabelError, match=message):
            read(names)


def test_a_row_that_is_named_twice_is_refused(
    captured: Captured,
) -> None:
    key = captured.capture_inputs.example_ids[3]
    with pytest.raises(SoftLabelError, match=f"example {key.hex()}, view 0, draw 0 is named twice"):
        captured.labels.plain([key, captured.capture_inputs.example_ids[0], key], 1.0)


def test_foreign_classes_and_teachers_are_refused_with_both_sides(captured: Captured) -> None:
    weights = [member.capture.weights for member in captured.members]
    captured.labels.require(NAMES, weights)
    with pytest.raises(
        SoftLabelError, match="classes a, b, c, d, and the examples have b, a, c, d"
    ):
        captured.labels.require(("b", "a", "c", "d"), weights)
    with pytest.raises(SoftLabelError, match="and the examples have a, b, c"):
        captured.labels.require(NAMES[:3], weights)
    with pytest.raises(SoftLabelError, match=f"teachers {'0' * 12}, .* and the project has ffff"):
        captured.labels.require(NAMES, ["f" * 64, weights[1]])
    for others in (weights[::-1], weights[:1], [*weights, weights[0]], []):
        with pytest.raises(SoftLabelError, match="soft labels were captured from the teachers"):
            captured.labels.require(NAMES, others)


def test_a_set_of_another_codec_is_refused(captured: Captured) -> None:
    manifest = captured.labels.manifest
    other = manifest_of(manifest.members, manifest.combination, "nested-0", 4, NAMES)
    write_manifest(captured.folder, other)
    with pytest.raises(
        SoftLabelError, match="encoded by nested-0, and this version reads coordinates-1"
    ):
        SoftLabelSet(captured.folder)


@pytest.mark.parametrize("mean", ["probability", "logit"])
def test_a_mean_of_truncated_heads_is_refused_when_the_set_is_opened(
    tmp_path: Path, mean: str
) -> None:
    with pytest.raises(SoftLabelError, match="inexact"):
        capture(tmp_path / "set", sparsifier=TopK(k=2, temperatures=(1.0,)), mean=mean)


def test_the_mean_of_one_teachers_head_is_the_head(tmp_path: Path) -> None:
    made = capture(tmp_path / "set", 1, TopK(k=2, temperatures=(1.0, 4.0)))
    mean = made.labels.plain(made.capture_inputs.example_ids, 4.0)
    p = softmax(made.dense(0) / 4)
    head = p >= np.sort(p, axis=1)[:, -2:-1]
    assert mean.dense() == pytest.approx(np.where(head, p, 0), abs=1e-6)
    with pytest.raises(SoftLabelError, match=r"temperature 2 was not captured.*softlabels\.temp"):
        made.labels.plain(made.capture_inputs.example_ids, 2.0)


@pytest.mark.parametrize(
    "kind",
    [
        Sample(samples=40, temperature=2.0),
        Threshold(entries=2.0, tau=0.1, temperature=2.0),
        FixedThreshold(k=2, temperature=2.0),
    ],
    ids=lambda kind: kind.kind,
)
def test_the_mean_of_unbiased_members_over_many_draws_is_that_of_their_probabilities(
    tmp_path: Path, kind: Sample | Threshold | FixedThreshold
) -> None:
    plain, draws = capture_inputs(6, parts=1), 300
    inputs = MemoryInputs(
        tuple(replace(row, draw=draw) for draw in range(draws) for row in plain.rows),
        plain.inputs * draws,
    )
    members = [linear(seed, kind) for seed in (1, 2)]
    labels = write_set(tmp_path / "set", members, inputs, Store(tmp_path / "store"), shard_rows=400)
    means = labels.distributions(inputs.names, 2.0).dense().reshape(draws, 6, 4)
    logits = [np.stack(plain.inputs) @ member.weights for member in members]
    expected = sum(softmax(each.astype(np.float64) / 2) for each in logits) / 2
    errors = means.std(axis=0) / np.sqrt(draws)
    assert (np.abs(means.mean(axis=0) - expected) <= 5 * errors + 1e-3).all()
    with pytest.raises(SoftLabelError, match="unbiased at temperature 2, but not at 1"):
        labels.distributions(inputs.names, 1.0)


def test_members_of_different_sparsifiers_may_be_of_one_set(tmp_path: Path) -> None:
    members = [linear(1, Full()), linear(2, FixedThreshold(k=4, temperature=1.0))]
    inputs = capture_inputs()
    labels = write_set(tmp_path / "set", members, inputs, Store(tmp_path / "store"))
    logits = [(np.stack(inputs.inputs) @ member.weights).astype(np.float64) for member in members]
    expected = (softmax(logits[0]) + softmax(logits[1])) / 2
    assert labels.plain(inputs.example_ids, 1.0).dense() == pytest.approx(expected, abs=1e-6)


def test_a_row_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    inputs = capture_inputs(6)
    twice = inputs.take([0, 1, 2, 3, 4, 5, 0])
    made = capture(tmp_path / "set", members=1, inputs=twice)
    with pytest.raises(SoftLabelError, match="member 0 holds a row twice"):
        made.labels.plain(inputs.example_ids, 1.0)


def test_opening_reads_no_shard_and_tables_come_in_the_order_of_the_manifest(
    captured: Captured,
) -> None:
    labels = SoftLabelSet(captured.folder)
    for member in labels.members:
        tables = list(labels.tables(member))
        assert [shard for shard, _ in tables] == list(labels.manifest.members[member].shards)
        ids = [key for _, table in tables for key in table["example_id"].to_pylist()]
        assert ids == captured.capture_inputs.example_ids
    for path in (captured.folder / "shards").iterdir():
        path.unlink()
    assert len(SoftLabelSet(captured.folder).members) == 2


def test_shares_weight_the_members(captured: Captured) -> None:
    manifest = captured.labels.manifest
    shares = Combination.of("probability", [3.0, 1.0])
    write_manifest(captured.folder, manifest_of(manifest.members, shares, manifest.codec, 4, NAMES))
    mean = SoftLabelSet(captured.folder).plain(captured.capture_inputs.example_ids, 1.0).dense()
    expected = 0.75 * softmax(captured.dense(0)) + 0.25 * softmax(captured.dense(1))
    assert mean == pytest.approx(expected, abs=1e-7)
