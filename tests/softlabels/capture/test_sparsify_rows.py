"""Rows: a row's entries depend only on the row, not on others with the same answer or batch."""

import math
from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support.softlabels.linear_teachers import example_id, linear

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.sparsify_rows import sparsify_rows
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.encode import encode_rows
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.sparsify.entries import Entries, FullEntries, SampleEntries, TopKEntries
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

KINDS: list[Sparsifier] = [
    Full(),
    TopK(k=3, temperatures=(1.0, 4.0)),
    Sample(samples=6, temperature=1.0),
    Threshold(entries=3.0, tau=0.1, temperature=1.0),
    FixedThreshold(k=3, temperature=2.0),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
CLASSES = 7
LOGITS = np.random.default_rng(3).normal(size=(4, 3, CLASSES)).astype(np.float32)


def row(number: int, labels: Sequence[int] = (0,), draw: int = 0) -> Row:
    key = bytes([number]) * 16
    return Row(example_id(number), key, "part", 0, draw, np.array(labels, np.int32))


def capture_of(kind: Sparsifier) -> Capture:
    return linear(1, kind).capture


def bytes_of(entries: Entries) -> dict[str, bytes]:
    return {field.name: getattr(entries, field.name).tobytes() for field in fields(entries)}


def each(
    logits: NDArray[np.float32], answers: Sequence[int], rows: Sequence[Row], kind: Sparsifier
) -> list[list[dict[str, object]]]:
    """Return the rows' tables: first one of all rows together, then one of each row alone."""
    capture, layout = capture_of(kind), Layout(kind, CLASSES)
    together = encode_rows(rows, sparsify_rows(logits, answers, rows, capture), capture, layout)
    alone = [
        encode_rows(
            [one], sparsify_rows(logits, [answer], [one], capture), capture, layout
        ).to_pylist()[0]
        for answer, one in zip(answers, rows, strict=True)
    ]
    return [together.to_pylist(), alone]


@each_kind
def test_a_row_is_kept_as_it_would_be_alone(kind: Sparsifier) -> None:
    rows = [row(0, [1, 2]), row(0, [1, 2], draw=1), row(3, [6]), row(1, [0, 5, 3]), row(1, [0])]
    together, alone = each(LOGITS, [0, 0, 3, 1, 1], rows, kind)
    assert repr(together) == repr(alone)  # as text, NaN equals NaN
    assert len({repr(one) for one in alone}) == 5


@each_kind
def test_positions_that_a_row_does_not_declare_are_not_looked_at(kind: Sparsifier) -> None:
    rows = [row(0, [1, -1]), row(1, [2])]
    spoilt = LOGITS.copy()
    spoilt[0, 2], spoilt[1, 1:] = np.nan, np.inf
    assert bytes_of(sparsify_rows(spoilt, [0, 1], rows, capture_of(kind))) == bytes_of(
        sparsify_rows(LOGITS, [0, 1], rows, capture_of(kind))
    )


@each_kind
def test_one_position_may_come_with_or_without_its_axis(kind: Sparsifier) -> None:
    rows = [row(number) for number in range(4)]
    flat = bytes_of(sparsify_rows(LOGITS[:, 0], range(4), rows, capture_of(kind)))
    assert bytes_of(sparsify_rows(LOGITS[:, :1], range(4), rows, capture_of(kind))) == flat
    assert (
        bytes_of(sparsify_rows(torch.from_numpy(LOGITS), range(4), rows, capture_of(kind))) == flat
    )


@each_kind
def test_half_precision_is_kept_as_the_numbers_that_it_holds(kind: Sparsifier) -> None:
    half = torch.from_numpy(LOGITS).bfloat16()
    rows = [row(number, [1, 2, 3]) for number in range(4)]
    assert bytes_of(sparsify_rows(half, range(4), rows, capture_of(kind))) == bytes_of(
        sparsify_rows(half.float().numpy(), range(4), rows, capture_of(kind))
    )


def test_draws_follow_from_the_input_the_draw_the_seed_and_the_teacher_alone() -> None:
    kind = Sample(samples=30, temperature=1.0)
    capture = capture_of(kind)
    same = np.zeros((1, 200), np.float32)

    def ids(one: Row, of: Capture = capture) -> bytes:
        return bytes_of(sparsify_rows(same, [0], [one], of))["ids"]

    first = ids(row(0))
    renamed = replace(row(0), example_id=example_id(9), view=3, part="other")
    assert ids(renamed) == first
    others = {
        ids(row(1)),
        ids(row(0, draw=1)),
        ids(row(0), replace(capture, seed=1)),
        ids(row(0), replace(capture, weights="other")),
    }
    assert len(others | {first}) == 5


def test_positions_of_a_row_have_draws_of_their_own() -> None:
    kind = Sample(samples=30, temperature=1.0)
    entries = sparsify_rows(np.zeros((1, 2, 200)), [0], [row(0, [0, 0])], capture_of(kind))
    assert isinstance(entries, SampleEntries)
    first, second = np.split(entries.ids, [entries.counts[0]])
    assert first.tolist() != second.tolist()


def test_what_stands_beside_the_entries_is_of_each_rows_own_label() -> None:
    quarters = np.log(np.array([[1.0, 3.0]], np.float32))
    rows = [row(0, [0]), row(0, [1], draw=1), row(0, [-1], draw=2)]
    entries = sparsify_rows(quarters, [0, 0, 0], rows, capture_of(TopK(k=1, temperatures=(1.0,))))
    assert isinstance(entries, TopKEntries)
    assert entries.log_p_label[:2] == pytest.approx([math.log(0.25), math.log(0.75)], rel=1e-6)
    assert math.isnan(entries.log_p_label[2])
    by_hand = -0.25 * math.log(0.25) - 0.75 * math.log(0.75)
    assert entries.entropy == pytest.approx([by_hand] * 3, rel=1e-6)
    assert entries.log_z[:, 0] == pytest.approx([math.log(4)] * 3, rel=1e-6)
    assert entries.ids.tolist() == [1, 1, 1]


def test_a_label_beyond_the_teachers_classes_is_refused_with_both_numbers() -> None:
    words = "a hard label is 7, but the teacher has 7 classes, counted from 0"
    with pytest.raises(SoftLabelError, match=words):
        sparsify_rows(LOGITS, [0, 1], [row(0, [6]), row(1, [0, 7])], capture_of(KINDS[1]))
    entries = sparsify_rows(LOGITS, [0], [row(0, [6])], capture_of(Full()))
    assert isinstance(entries, FullEntries)
    assert entries.logits.tolist() == LOGITS[0, :1].tolist()
