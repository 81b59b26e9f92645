"""Encode: the encoded rows, read with polars only, are the teacher's distributions."""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from support.softlabels.linear_teachers import Captured, capture, capture_inputs, token_inputs

from stillroom.softlabels.format.encode import are_rows, row_keys
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

TAU = 0.13
KINDS: list[Sparsifier] = [
    Full(),
    TopK(k=3, temperatures=(4.0, 1.0)),
    Sample(samples=7, temperature=1.0),
    Threshold(entries=2.0, tau=TAU, temperature=1.0),
    FixedThreshold(k=2, temperature=1.0),
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


def frame(captured: Captured, member: int = 0) -> pl.DataFrame:
    """Return a member's rows, in order, read with polars from the files of the manifest."""
    names = [shard.name for shard in captured.labels.manifest.members[member].shards]
    return pl.concat([pl.read_parquet(captured.folder / "shards" / name) for name in names])


def entry(row: dict[str, list[float]], at: int, draws: int) -> float:
    """Return the weight of a row's entry at temperature 1, as the schema's MEANINGS explain it."""
    place = row["positions"][at]
    if "logits" in row:
        return math.exp(row["logits"][at] - row["log_z"][2 * place + 1])
    if "times" in row:
        return row["times"][at] / draws
    if "root_p" in row:
        return (row["root_p"][at] / 255) ** 2 if row["root_p"][at] else TAU
    here = [p for p, other in zip(row["p"], row["positions"], strict=True) if other == place]
    return row["p"][at] or (1 - sum(here)) / here.count(0)


def explained(captured: Captured, classes: int) -> np.ndarray:
    """Return dense distributions at temperature 1, [positions of all rows, C]."""
    dense = []
    for row in frame(captured).to_dicts():
        if "ids" not in row:
            logits = np.array(row["logits"]).reshape(-1, classes)
            dense += list(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
            continue
        weights = np.zeros((len(row["entropy"]), classes))
        for at, (place, column) in enumerate(zip(row["positions"], row["ids"], strict=True)):
            weights[place, column] = entry(row, at, draws=7)
        dense += list(weights)
    return np.array(dense)


@kinds
@pytest.mark.parametrize("classes", [4, 300])
def test_the_columns_read_by_their_meanings_give_the_distributions_of_training(
    tmp_path: Path, kind: Sparsifier, classes: int
) -> None:
    inputs = token_inputs(classes=classes)
    made = capture_over(classes, tmp_path, kind, inputs)
    dense = explained(made, classes)
    expected = made.labels.distributions(made.capture_inputs.names, 1.0).dense()
    assert dense.shape == (len(inputs.labels), classes)
    assert dense == pytest.approx(expected, abs=1e-6)
    assert (expected > 0).any(axis=1).all()


def capture_over(classes: int, folder: Path, kind: Sparsifier, inputs: object) -> Captured:
    """Return a set of one member over this many classes."""
    from support.softlabels.linear_teachers import Store, linear, write_set

    member, store = linear(1, kind, classes), Store(folder / "store")
    labels = write_set(folder / "set", [member], inputs, store, class_names=None)
    return Captured(labels, inputs, (member,), store)


def test_top_k_by_its_meanings_is_the_softmax_of_the_teachers_own_logits(tmp_path: Path) -> None:
    made = capture(tmp_path / "set", 1, TopK(k=3, temperatures=(4.0, 1.0)), token_inputs())
    logits = made.dense(0)
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    head = p >= np.sort(p, axis=1)[:, -3:-2]
    assert explained(made, 4) == pytest.approx(np.where(head, p, 0), abs=1e-6)


@kinds
@pytest.mark.parametrize("tokens", [False, True])
def test_the_keys_of_a_row_are_those_of_its_input(
    tmp_path: Path, kind: Sparsifier, tokens: bool
) -> None:
    inputs = token_inputs() if tokens else capture_inputs()
    made = capture(tmp_path / "set", 1, kind, inputs)
    columns = frame(made)
    assert columns["example_id"].to_list() == [row.example_id for row in inputs.rows]
    assert columns["input_key"].to_list() == [row.input_key for row in inputs.rows]
    assert set(columns["teacher"]) == {made.members[0].capture.fingerprint[:16]}
    assert set(columns["view"]) == set(columns["draw"]) == {0}
    expected = [
        None if kind == Full() or len(row.labels) > 1 or row.labels[0] < 0 else int(row.labels[0])
        for row in inputs.rows
    ]
    assert columns["label"].to_list() == expected


@kinds
def test_entries_rise_by_id_and_then_by_position(tmp_path: Path, kind: Sparsifier) -> None:
    made = capture(tmp_path / "set", 1, kind, token_inputs())
    if kind == Full():
        lengths = [len(row.labels) for row in made.capture_inputs.rows]
        assert frame(made)["logits"].list.len().to_list() == [4 * length for length in lengths]
        return
    for row in frame(made).to_dicts():
        cells = list(zip(row["ids"], row["positions"], strict=True))
        assert cells == sorted(set(cells))


@pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)
def test_entropy_and_the_labels_log_probability_are_those_of_the_whole_distribution(
    tmp_path: Path, kind: Sparsifier
) -> None:
    made = capture(tmp_path / "set", 1, kind, token_inputs())
    logits = made.dense(0)
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    columns, labels = frame(made), made.capture_inputs.labels
    entropy = -(np.exp(log_p) * log_p).sum(axis=1)
    assert columns["entropy"].explode().to_numpy() == pytest.approx(entropy, abs=1e-5)
    stored = columns["log_p_label"].explode().to_numpy()
    assert np.isnan(stored).tolist() == (labels < 0).tolist()
    labelled = np.flatnonzero(labels >= 0)
    assert 0 < len(labelled) < len(labels)
    assert stored[labelled] == pytest.approx(log_p[labelled, labels[labelled]], abs=1e-6)


def test_a_table_is_of_its_own_rows_and_of_no_others(captured: Captured) -> None:
    member = captured.members[0].capture
    shard = captured.labels.manifest.members[0].shards[0]
    table = captured.labels.shard_table(0, shard)
    rows = [unlabelled(row) for row in captured.capture_inputs.rows[: shard.rows]]
    assert row_keys(table) == [(row.input_key, 0, None) for row in rows]
    assert are_rows(table, rows, member)
    assert not are_rows(table, rows[::-1], member)
    assert not are_rows(table, rows[:-1], member)
    assert not are_rows(table, rows, captured.members[1].capture)
    for changes in (
        {"example_id": b"\xff" * 16},
        {"view": 1},
        {"draw": 1},
        {"input_key": b"k" * 16},
    ):
        other = unlabelled(rows[0], **changes)
        assert not are_rows(table, [other, *rows[1:]], member)


def unlabelled(row: Row, **changes: object) -> Row:
    """Return the row as `full` stores it, with changes."""
    from dataclasses import replace

    return replace(row, labels=np.array([-1], np.int32), **changes)
