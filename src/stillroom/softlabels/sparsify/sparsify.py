"""Sparsify a batch: logits and draws in, entries out.

logits [N, C] ──chunks that fit a cache──> mass ──the kind's own rule──> Entries on the CPU
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillroom.softlabels.sparsify.entries import (
    Entries,
    FullEntries,
    SampleEntries,
    ThresholdEntries,
    TopKEntries,
    concatenated,
)
from stillroom.softlabels.sparsify.row_max import Peaked, finite, load, peaked
from stillroom.softlabels.sparsify.softmax_mass import Mass, Room, Survey, mass, survey
from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)
from stillroom.softlabels.sparsify.topk import largest
from stillroom.softlabels.sparsify.unbiased import Split, fixed_threshold, sample, threshold

# Logits worked on at once: what a cache of a few MB holds. 8 rows of 262,144 took 0.6 of the time
# that 64 took, and more than one chunk at a time saves nothing.
CHUNK = 2**21


@dataclass(frozen=True, slots=True)
class Batch:
    """N distributions to sparsify.

    Attributes:
        logits: [M, C] of any float type, on any device.
        rows: [N], int64: which row of the logits each distribution is; draws may share one.
        labels: [N], int64, -1 where there is none.
        uniforms: [N, m], float64 in [0, 1): m as `uniforms_needed` says.
    """

    logits: Tensor
    rows: Tensor
    labels: Tensor
    uniforms: Tensor


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some of a batch, from row `first`, and memory to work in.

    Attributes:
        logits: [n, C].
        labels: [n].
        uniforms: [n, m].
        room: to work in.
    """

    first: int
    logits: Tensor
    labels: Tensor
    uniforms: Tensor
    room: Room


def uniforms_needed(sparsifier: Sparsifier) -> int:
    """Return how many uniform numbers a distribution takes."""
    match sparsifier:
        case Sample(draws=draws):
            return draws
        case Threshold() | FixedThreshold():
            return 1
        case _:
            return 0


@torch.inference_mode()
def sparsify(batch: Batch, sparsifier: Sparsifier) -> Entries:
    """Return what the sparsifier keeps of each distribution.

    Raises:
        SoftLabelError: a logit is NaN or +inf; its row in the batch is named.
    """
    rule = _RULES[type(sparsifier)]
    count, classes = len(batch.rows), batch.logits.shape[1]
    size = min(max(1, CHUNK // classes), count)
    room = Room.of(batch.logits, size)
    return concatenated(
        [
            rule(_chunk(batch, slice(start, start + size), room), sparsifier)
            for start in range(0, count, size)
        ]
    )


def _chunk(batch: Batch, part: slice, room: Room) -> _Chunk:
    rows = batch.rows[part]
    first, last = int(rows[0]), int(rows[-1])
    consecutive = last - first + 1 == len(rows) and bool((rows.diff() == 1).all())
    logits = batch.logits[first : last + 1] if consecutive else batch.logits[rows]
    return _Chunk(
        first=part.start,
        logits=logits,
        labels=batch.labels[part],
        uniforms=batch.uniforms[part],
        room=room,
    )


def _full(batch: _Chunk, _: Full) -> FullEntries:
    logits = batch.logits.float()  # first: what float32 cannot hold is infinite from here on
    finite(logits.amax(dim=1), batch.first)
    return FullEntries(_float32(logits))


def _topk(batch: _Chunk, kind: TopK) -> TopKEntries:
    loaded = load(batch.logits, batch.first, batch.room.e[: len(batch.logits)])
    heads = largest(loaded, kind.k)
    of = Peaked(batch.logits, loaded.peak)
    found = survey(of, kind.temperatures, batch.room)
    log_z = [found.z[t].log() + of.peak.double() / t for t in kind.temperatures]
    return TopKEntries(
        counts=_int64(heads.counts),
        ids=_ids(heads.ids),
        logits=_float32(heads.logits),
        log_z=_float32(torch.stack(log_z, dim=1)),
        **_beside(batch, of, found),
    )


def _sample(batch: _Chunk, kind: Sample) -> SampleEntries:
    beside, at = _at(batch, peaked(batch.logits, batch.first), kind.temperature)
    counts, ids, times = sample(at, batch.uniforms)
    return SampleEntries(
        counts=_int64(counts), ids=_ids(ids), times=_int64(times).astype(np.uint16), **beside
    )


def _threshold(batch: _Chunk, kind: Threshold) -> ThresholdEntries:
    beside, at = _at(batch, peaked(batch.logits, batch.first), kind.temperature)
    return _entries(threshold(at, kind.tau, batch.uniforms[:, 0]), beside)


def _fixed(batch: _Chunk, kind: FixedThreshold) -> ThresholdEntries:
    loaded = load(batch.logits, batch.first, batch.room.e[: len(batch.logits)])
    heads = largest(loaded, kind.k)
    beside, at = _at(batch, Peaked(batch.logits, loaded.peak), kind.temperature)
    return _entries(fixed_threshold(heads, at, kind.k, batch.uniforms[:, 0]), beside)


def _entries(split: Split, beside: dict[str, NDArray[np.float32]]) -> ThresholdEntries:
    return ThresholdEntries(
        head_counts=_int64(split.head_counts),
        head_ids=_ids(split.head_ids),
        head_p=np.asarray(split.head_p.cpu().numpy()),
        tail_counts=_int64(split.tail_counts),
        tail_ids=_ids(split.tail_ids),
        **beside,
    )


_RULES: dict[type, Callable[..., Entries]] = {
    Full: _full,
    TopK: _topk,
    Sample: _sample,
    Threshold: _threshold,
    FixedThreshold: _fixed,
}


def _at(
    batch: _Chunk, of: Peaked, temperature: float
) -> tuple[dict[str, NDArray[np.float32]], Mass]:
    """Return what stands beside the entries, and the mass at a temperature."""
    found = survey(of, (), batch.room)
    beside = _beside(batch, of, found)
    return beside, found.lowest if temperature == 1 else mass(of, temperature, batch.room)


def _beside(batch: _Chunk, of: Peaked, found: Survey) -> dict[str, NDArray[np.float32]]:
    """Return entropy and log p of the hard label: no truncated set could give them later."""
    labels = batch.labels.clamp(min=0)[:, None]
    log_p = of.logits.gather(1, labels)[:, 0].float() - of.peak
    log_p = torch.where(batch.labels >= 0, log_p.double() - found.z[1.0].log(), torch.nan)
    return {"entropy": _float32(found.entropy), "log_p_label": _float32(log_p)}


def _int64(tensor: Tensor) -> NDArray[np.int64]:
    return np.asarray(tensor.cpu().numpy())


def _float32(tensor: Tensor) -> NDArray[np.float32]:
    return np.asarray(tensor.float().cpu().numpy())


def _ids(tensor: Tensor) -> NDArray[np.uint32]:
    return np.asarray(tensor.cpu().numpy().astype(np.uint32))
