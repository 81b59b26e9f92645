"""Sparsify: bit-identical entries, regardless of batch, order, chunks and load."""

import math
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from support.softlabels.dense_reference import entropy, log_softmax, normal_logits, softmax

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify import sparsify as module
from stillroom.softlabels.sparsify.entries import (
    FullEntries,
    SampleEntries,
    ThresholdEntries,
    TopKEntries,
)
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.sparsify.sparsify import Batch, sparsify

KINDS: list[Sparsifier] = [
    Full(),
    TopK(k=5, temperatures=(1.0, 2.0, 4.0, 8.0, 20.0)),
    Sample(samples=20, temperature=2.0),
    Threshold(entries=9.0, tau=0.02, temperature=1.0),
    FixedThreshold(k=6, temperature=4.0),
]
BESIDE = [kind for kind in KINDS if not isinstance(kind, Full)]
NAMES = [kind.kind for kind in KINDS]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=NAMES)
Arrays = NDArray[np.generic]


def batch_of(logits: torch.Tensor, kind: Sparsifier, rows: list[int] | None = None) -> Batch:
    """Return a batch with labels and uniforms that depend on the row."""
    rng = np.random.default_rng(5)
    count, classes = logits.shape
    labels = torch.from_numpy(rng.integers(0, classes, count))
    uniforms = torch.from_numpy(rng.random((count, kind.uniforms)))
    at = torch.arange(count) if rows is None else torch.tensor(rows)
    return Batch(logits, at, labels[at], uniforms[at])


def padded_table(entries: Any) -> list[tuple[bytes, ...]]:
    """Return each distribution's part of each array, as bytes."""
    match entries:
        case FullEntries():
            counts = {}
        case TopKEntries():
            counts = {"ids": "counts", "logits": "counts"}
        case SampleEntries():
            counts = {"ids": "counts", "times": "counts"}
        case ThresholdEntries():
            counts = {"head_ids": "head_counts", "head_p": "head_counts", "tail_ids": "tail_counts"}
    parts: list[list[Arrays]] = []
    for name in (field.name for field in fields(entries)):
        values = getattr(entries, name)
        lengths = getattr(entries, counts[name]) if name in counts else np.ones(len(values), int)
        parts.append(np.split(values, lengths.cumsum()[:-1]))
    return [tuple(part.tobytes() for part in row) for row in zip(*parts, strict=True)]


def logits_of(rows: int, classes: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.from_numpy(normal_logits(rows, classes, scale=2.0)).to(dtype)


@pytest.fixture
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_each_kind_takes_as_many_uniforms_as_it_draws() -> None:
    assert [kind.uniforms for kind in KINDS] == [0, 0, 20, 1, 1]


@each_kind
@pytest.mark.parametrize("classes", [2, 10, 255, 256, 257, 1000])
def test_a_batch_of_one_is_that_row_of_a_batch_of_many(kind: Sparsifier, classes: int) -> None:
    logits = logits_of(7, classes)
    many = padded_table(sparsify(batch_of(logits, kind), kind))
    alone = [padded_table(sparsify(batch_of(logits, kind, [row]), kind))[0] for row in range(7)]
    assert many == alone


@each_kind
def test_the_order_of_the_rows_moves_them_and_changes_none(kind: Sparsifier) -> None:
    logits = logits_of(9, 300)
    order = [4, 8, 0, 2, 2, 7, 1, 3]
    straight = padded_table(sparsify(batch_of(logits, kind), kind))
    moved = padded_table(sparsify(batch_of(logits, kind, order), kind))
    assert moved == [straight[row] for row in order]
    assert len(set(straight)) == 9


@each_kind
@pytest.mark.parametrize("chunk", [1, 600, 1100])
def test_where_chunks_end_changes_nothing(
    kind: Sparsifier, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = batch_of(logits_of(8, 300), kind)
    whole = padded_table(sparsify(batch, kind))
    monkeypatch.setattr(module, "CHUNK", chunk)
    assert padded_table(sparsify(batch, kind)) == whole


@each_kind
def test_threads_change_nothing(kind: Sparsifier, one_thread: None) -> None:
    # With two threads, torch gives one of them less than 4 rows of 100,000.
    batch = batch_of(logits_of(4, 100_000), kind)
    alone = padded_table(sparsify(batch, kind))
    torch.set_num_threads(2)
    assert padded_table(sparsify(batch, kind)) == alone


@each_kind
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_are_taken_as_the_float32_that_they_are(
    kind: Sparsifier, dtype: torch.dtype
) -> None:
    half = logits_of(5, 300, dtype)
    assert padded_table(sparsify(batch_of(half, kind), kind)) == padded_table(
        sparsify(batch_of(half.float(), kind), kind)
    )


@each_kind
def test_the_given_logits_are_not_changed(kind: Sparsifier) -> None:
    logits = logits_of(5, 300)
    before = logits.clone()
    sparsify(batch_of(logits, kind), kind)
    assert torch.equal(logits, before)


@pytest.mark.parametrize("kind", [*BESIDE, TopK(k=3, temperatures=(0.5, 1.0, 2.0))])
@pytest.mark.parametrize("classes", [2, 257, 100_000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_entropy_and_the_labels_log_p_are_those_of_float64_at_temperature_one(
    kind: Sparsifier, classes: int, dtype: torch.dtype
) -> None:
    batch = batch_of(logits_of(2, classes, dtype), kind)
    entries = sparsify(batch, kind)
    assert not isinstance(entries, FullEntries)
    exact = batch.logits.float().numpy()
    at_labels = log_softmax(exact)[np.arange(2), batch.labels.numpy()]
    assert entries.entropy == pytest.approx(entropy(softmax(exact)), rel=2e-6, abs=2e-6)
    assert entries.log_p_label == pytest.approx(at_labels, rel=2e-6, abs=2e-6)


@pytest.mark.parametrize("kind", BESIDE, ids=NAMES[1:])
def test_a_missing_label_gives_nan_and_one_without_mass_minus_infinity(
    kind: Sparsifier,
) -> None:
    logits = torch.tensor([[0.0, -math.inf, 1.0]]).repeat(3, 1)
    uniforms = torch.full((3, kind.uniforms), 0.5, dtype=torch.float64)
    batch = Batch(logits, torch.arange(3), torch.tensor([-1, 1, 0]), uniforms)
    entries = sparsify(batch, kind)
    assert not isinstance(entries, FullEntries)
    # log(1 / (1 + e)) = -1.3132617, by hand
    assert entries.log_p_label == pytest.approx([math.nan, -math.inf, -1.3132617], nan_ok=True)


@pytest.mark.parametrize("classes", [2, 257, 100_000])
@pytest.mark.parametrize("offset", [0.0, 80.0, -1000.0])
def test_log_z_is_that_of_float64_to_the_last_bits_of_float32(classes: int, offset: float) -> None:
    kind = TopK(k=2, temperatures=(4.0, 1.0, 0.5, 20.0, 2.0))
    logits = logits_of(2, classes) + offset
    entries = sparsify(batch_of(logits, kind), kind)
    assert isinstance(entries, TopKEntries)
    for column, temperature in enumerate(kind.temperatures):
        exact = logits[:, 0].double().numpy() / temperature
        exact = exact - log_softmax(logits.numpy(), temperature)[:, 0]
        # Half a unit of float32 in log Z, plus the error of the sum of exponentials.
        bound = np.abs(exact) / 2**24 + 2e-6
        assert (np.abs(entries.log_z[:, column] - exact) <= bound).all()


def test_full_keeps_every_logit_to_the_bit() -> None:
    logits = logits_of(3, 257)
    logits[1, 5] = -math.inf
    entries = sparsify(batch_of(logits, Full()), Full())
    assert isinstance(entries, FullEntries)
    assert entries.logits.tobytes() == logits.numpy().tobytes()


@each_kind
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_nan_and_infinity_are_refused_with_their_row_in_the_whole_batch(
    kind: Sparsifier, bad: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 600)
    logits = logits_of(8, 300)
    logits[5, 299] = bad
    with pytest.raises(SoftLabelError, match="row 5 of a batch holds NaN or infinity"):
        sparsify(batch_of(logits, kind), kind)


@pytest.mark.parametrize("classes", [2, 257, 100_000])
def test_weights_at_a_temperature_are_those_of_that_temperature(classes: int) -> None:
    logits = logits_of(1, classes)
    p = softmax(logits.numpy(), 4.0)[0]
    batch = batch_of(logits, FixedThreshold(k=2, temperature=4.0))
    entries = sparsify(batch, FixedThreshold(k=2, temperature=4.0))
    assert isinstance(entries, ThresholdEntries)
    assert entries.head_p == pytest.approx(p[entries.head_ids], rel=3e-6)
    assert entries.head_counts[0] + entries.tail_counts[0] == 2


@each_kind
def test_a_logit_that_float32_cannot_hold_is_refused_as_infinite(kind: Sparsifier) -> None:
    logits = logits_of(4, 300).double()
    logits[2, 7] = 1e39
    with pytest.raises(SoftLabelError, match="row 2 of a batch holds NaN or infinity"):
        sparsify(batch_of(logits, kind), kind)
