"""Reading a set: by key, re-tempered exactly or not at all, and damaged files never served."""

import json
from pathlib import Path

import numpy as np
import pytest
from linear_teachers import Captured, capture

from stillroom.errors import SoftLabelError
from stillroom.softlabels.dataset import SoftLabelSet


def softmax(logits: np.ndarray) -> np.ndarray:
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("temperature", [1.0, 2.5, 4.0])
def test_the_ensemble_is_the_mean_of_the_members_probabilities(
    captured: Captured, temperature: float
) -> None:
    expected = (
        softmax(captured.dense(0) / temperature) + softmax(captured.dense(1) / temperature)
    ) / 2
    found = captured.labels.probabilities(captured.questions.example_ids, temperature)
    assert found == pytest.approx(expected, abs=1e-7)


def test_rows_come_in_the_order_in_which_they_are_asked_for(captured: Captured) -> None:
    ids = captured.questions.example_ids
    whole = captured.labels.probabilities(ids, 1.0)
    assert (captured.labels.probabilities([ids[7], ids[2]], 1.0) == whole[[7, 2]]).all()


def test_an_example_without_soft_labels_is_an_error_that_counts(captured: Captured) -> None:
    with pytest.raises(SoftLabelError, match="1 of 2 examples have no soft label, the first is ff"):
        captured.labels.probabilities([captured.questions.example_ids[0], b"\xff" * 16], 1.0)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_a_truncated_head_is_exact_at_captured_temperatures(
    tmp_path: Path, temperature: float
) -> None:
    made = capture(tmp_path, members=1, k=2)
    heads = made.labels.heads(made.questions.example_ids, temperature, 0)
    expected = np.take_along_axis(softmax(made.dense(0) / temperature), heads.ids, axis=1)
    assert np.exp(heads.log_p) == pytest.approx(expected, abs=1e-6)
    assert (np.exp(heads.log_p).sum(axis=1) < 1).all()


def test_a_truncated_head_at_another_temperature_is_refused_with_the_way_out(
    tmp_path: Path,
) -> None:
    made = capture(tmp_path, members=1, k=2)
    with pytest.raises(SoftLabelError, match=r"2\.0 was not captured.*softlabels\.temperatures"):
        made.labels.heads(made.questions.example_ids, 2.0, 0)


def test_the_mean_of_truncated_heads_is_refused(tmp_path: Path) -> None:
    made = capture(tmp_path, members=2, k=2)
    with pytest.raises(SoftLabelError, match="inexact"):
        made.labels.probabilities(made.questions.example_ids, 1.0)


def test_one_truncated_teachers_rest_is_spread_evenly(tmp_path: Path) -> None:
    made = capture(tmp_path, members=1, k=2)
    ids = made.questions.example_ids
    found, heads = made.labels.probabilities(ids, 1.0), made.labels.heads(ids, 1.0, 0)
    assert found.sum(axis=1) == pytest.approx(np.ones(25))
    assert np.take_along_axis(found, heads.ids, 1) == pytest.approx(np.exp(heads.log_p))
    rest = np.sort(found, axis=1)[:, :1]
    outside = 1 - np.exp(heads.log_p).sum(axis=1)
    assert (found == rest).sum(axis=1).min() >= 1
    assert found.sum(axis=1) - np.exp(heads.log_p).sum(axis=1) == pytest.approx(outside)


def test_every_flipped_byte_of_a_shard_is_found_before_it_is_parsed(captured: Captured) -> None:
    shard = sorted((captured.folder / "shards").iterdir())[0]
    content = shard.read_bytes()
    for position in range(0, len(content), 97):
        damaged = bytearray(content)
        damaged[position] ^= 1
        shard.write_bytes(bytes(damaged))
        with pytest.raises(SoftLabelError, match="is damaged"):
            SoftLabelSet(captured.folder).table(0)


def test_a_missing_shard_is_named(captured: Captured) -> None:
    shard = sorted((captured.folder / "shards").iterdir())[0]
    shard.unlink()
    with pytest.raises(SoftLabelError, match=shard.name):
        SoftLabelSet(captured.folder).table(0)


def test_two_shards_that_were_swapped_are_found(captured: Captured) -> None:
    first, second = sorted((captured.folder / "shards").iterdir())[:2]
    a, b = first.read_bytes(), second.read_bytes()
    first.write_bytes(b)
    second.write_bytes(a)
    with pytest.raises(SoftLabelError, match="is damaged"):
        SoftLabelSet(captured.folder).table(0)


def test_the_summary_counts_what_is_there(captured: Captured) -> None:
    summary = captured.labels.summary()
    sizes = [path.stat().st_size for path in (captured.folder / "shards").iterdir()]
    assert (summary["examples"], summary["members"], summary["shards"]) == (25, 2, 8)
    assert summary["bytes"] == sum(sizes)
    assert (
        summary["fingerprint"]
        == json.loads((captured.folder / "manifest.json").read_text())["fingerprint"]
    )
