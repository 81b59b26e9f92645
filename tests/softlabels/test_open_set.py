"""A set for programs: rows by key and one by one, with the numbers that the teachers answered."""

import doctest
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import special
from support.softlabels.linear_teachers import (
    Captured,
    MemoryInputs,
    capture,
    capture_inputs,
    token_inputs,
)
from support.softlabels.sparsifier_cases import KINDS, TOPK

from stillroom import softlabels
from stillroom.errors import SoftLabelError
from stillroom.softlabels import open_set

THRESHOLD = KINDS[3]  # at temperature 1


def softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Return the probabilities of logits [P, C] at a temperature."""
    return np.asarray(special.softmax(logits / temperature, axis=1))


def mean_of_members(made: Captured, temperature: float) -> np.ndarray:
    """Return the mean of the members' probabilities at all positions of all rows, in order."""
    return np.mean([softmax(made.dense(m), temperature) for m in range(2)], axis=0)


def test_the_examples_of_the_docstrings(captured: Captured) -> None:
    failed, attempted = doctest.testmod(open_set, extraglobs={"folder": captured.folder})
    assert (failed, attempted > 5) == (0, True)


def test_rows_are_read_by_key_in_the_order_of_the_call(captured: Captured) -> None:
    labels = softlabels.open(str(captured.folder))
    ids = captured.capture_inputs.example_ids
    rows = labels.read([ids[7], ids[2]], temperature=4.0)
    expected = mean_of_members(captured, 4.0)[[7, 2]]
    np.testing.assert_allclose(rows.probabilities(), expected, rtol=1e-12)
    np.testing.assert_allclose(rows.log_probabilities(4.0), np.log(expected), rtol=1e-12)
    assert rows.lengths.tolist() == [1, 1]
    assert list(rows.names) == [(ids[7], 0, 0), (ids[2], 0, 0)]
    assert not rows.is_unbiased


def test_several_temperatures_are_read_at_once_and_named(captured: Captured) -> None:
    labels = softlabels.open(captured.folder)
    rows = labels.read(captured.capture_inputs.example_ids, [1.0, 4.0])
    for temperature in (1.0, 4.0):
        expected = mean_of_members(captured, temperature)
        np.testing.assert_allclose(rows.probabilities(temperature), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="read at 1, 4"):
        rows.probabilities()
    with pytest.raises(ValueError, match="temperature is 2"):
        rows.probabilities(2.0)


def test_a_row_that_is_missing_and_a_temperature_that_is_not_stored(tmp_path: Path) -> None:
    made = capture(tmp_path / "set", 1, TOPK)
    labels = softlabels.open(made.folder)
    with pytest.raises(SoftLabelError, match="1 of 1 rows have no soft label"):
        labels.read([b"\xff" * 16])
    with pytest.raises(SoftLabelError, match="temperature 3 was not captured"):
        labels.read(made.capture_inputs.example_ids, 3.0)
    with pytest.raises(SoftLabelError, match="does not exist"):
        softlabels.open(tmp_path)


def test_rows_come_one_by_one_as_they_are_read_together(tmp_path: Path) -> None:
    # 25 rows of 1 to 3 positions in shards of at most 8 rows.
    made = capture(tmp_path / "set", 1, THRESHOLD, token_inputs(25))
    labels = softlabels.open(made.folder)
    together = labels.read(made.capture_inputs.names)
    assert labels.is_unbiased
    assert together.is_unbiased
    one_by_one = list(labels.rows())
    assert [row.names[0] for row in one_by_one] == made.capture_inputs.names
    assert [int(row.lengths[0]) for row in one_by_one] == [1 + row % 3 for row in range(25)]
    dense = np.concatenate([row.probabilities() for row in one_by_one])
    np.testing.assert_array_equal(dense, together.probabilities())


def test_the_rows_of_an_ensemble_come_one_by_one(captured: Captured) -> None:
    rows = list(softlabels.open(captured.folder).rows(2.0))
    assert [row.names[0] for row in rows] == captured.capture_inputs.names
    dense = np.concatenate([row.probabilities() for row in rows])
    np.testing.assert_allclose(dense, mean_of_members(captured, 2.0), rtol=1e-12)


def test_one_shard_is_read_at_a_time(tmp_path: Path) -> None:
    made = capture(tmp_path / "set", 1)
    shards = made.labels.manifest.members[0].shards
    made.labels.path(0, shards[-1]).unlink()
    rows = softlabels.open(made.folder).rows()
    whole = sum(shard.rows for shard in shards[:-1])
    assert len([next(rows) for _ in range(whole)]) == whole
    with pytest.raises(SoftLabelError, match="is missing"):
        next(rows)


def test_the_table_has_the_key_and_the_label_of_each_row(tmp_path: Path) -> None:
    inputs = capture_inputs()
    second = tuple(replace(row, draw=1) for row in inputs.rows)
    both = MemoryInputs(inputs.rows + second, inputs.inputs * 2)
    table = softlabels.open(capture(tmp_path / "set", 1, THRESHOLD, both).folder).table()
    assert table.columns == ["example_id", "view", "draw", "label"]
    expected = [
        (row.example_id, 0, row.draw, None if row.labels[0] < 0 else int(row.labels[0]))
        for row in both.rows
    ]
    assert sorted(table.iter_rows()) == sorted(expected, key=lambda row: row[:3])


def test_a_set_tells_its_facts_without_its_shards(captured: Captured) -> None:
    for shard in captured.labels.manifest.members[0].shards:
        captured.labels.path(0, shard).unlink()
    labels = softlabels.open(captured.folder)
    assert (len(labels), labels.classes, labels.class_names) == (25, 4, ("a", "b", "c", "d"))
    assert labels.summary()["members"] == 2
    with pytest.raises(SoftLabelError, match="is missing"):
        labels.table()
    with pytest.raises(SoftLabelError, match="no features"):
        labels.features(captured.capture_inputs.example_ids)
