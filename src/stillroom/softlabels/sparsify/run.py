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
from stillroom.softlabels.sparsify.kinds import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)
from stillroom.softlabels.sparsify.mass import (
    Loaded,
    Mass,
    Shifted,
    entropy,
    finite,
    load,
    mass,
    masses,
    padded,
    shift,
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
        room: [3, n, W], float32: for values, for e, and for what else a kind needs.
    """

    first: int
    logits: Tensor
    labels: Tensor
    uniforms: Tensor
    room: Tensor


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
    room = batch.logits.new_empty((3, size, padded(classes)), dtype=torch.float32)
    return concatenated(
        [
            rule(_chunk(batch, slice(start, start + size), room), sparsifier)
            for start in range(0, count, size)
        ]
    )


def _chunk(batch: Batch, part: slice, room: Tensor) -> _Chunk:
    rows = batch.rows[part]
    first, last = int(rows[0]), int(rows[-1])
    consecutive = last - first + 1 == len(rows) and bool((rows.diff() == 1).all())
    logits = batch.logits[first : last + 1] if consecutive else batch.logits[rows]
    return _Chunk(
        first=part.start,
        logits=logits,
        labels=batch.labels[part],
        uniforms=batch.uniforms[part],
        room=room[:, : len(rows)],
    )


def _full(batch: _Chunk, _: Full) -> FullEntries:
    logits = batch.logits.float()  # first: what float32 cannot hold is infinite from here on
    finite(logits.amax(dim=1), batch.first)
    return FullEntries(_float32(logits))


def _topk(batch: _Chunk, kind: TopK) -> TopKEntries:
    values, e, base = batch.room
    loaded = load(batch.logits, batch.first, values)
    heads = largest(loaded, kind.k)
    shifted = shift(loaded, values)
    at = masses(shifted, kind.temperatures, e, base)
    log_z = [at[t].z.log() + shifted.peak.double() / t for t in kind.temperatures]
    at_one = at[1.0] if min(at) == 1 else mass(shifted, 1.0, e)
    return TopKEntries(
        counts=_int64(heads.counts),
        ids=_ids(heads.ids),
        logits=_float32(heads.logits),
        log_z=_float32(torch.stack(log_z, dim=1)),
        **_beside(batch, shifted, at_one, e),
    )


def _sample(batch: _Chunk, kind: Sample) -> SampleEntries:
    values, e, _ = batch.room
    shifted = shift(load(batch.logits, batch.first, values), values)
    counts, ids, times = sample(mass(shifted, kind.temperature, e), batch.uniforms)
    return SampleEntries(
        counts=_int64(counts),
        ids=_ids(ids),
        times=_int64(times).astype(np.uint16),
        **_beside(batch, shifted, mass(shifted, 1.0, e), e),
    )


def _threshold(batch: _Chunk, kind: Threshold) -> ThresholdEntries:
    loaded = load(batch.logits, batch.first, batch.room[0])
    return _split(
        batch, loaded, kind.temperature, lambda of: threshold(of, kind.tau, batch.uniforms[:, 0])
    )


def _fixed(batch: _Chunk, kind: FixedThreshold) -> ThresholdEntries:
    loaded = load(batch.logits, batch.first, batch.room[0])
    heads = largest(loaded, kind.k)
    return _split(
        batch,
        loaded,
        kind.temperature,
        lambda of: fixed_threshold(heads, of, kind.k, batch.uniforms[:, 0]),
    )


def _split(
    batch: _Chunk, loaded: Loaded, temperature: float, rule: Callable[[Mass], Split]
) -> ThresholdEntries:
    values, e, products = batch.room
    shifted = shift(loaded, values)
    at_one = mass(shifted, 1.0, e)
    # Before the rule: it takes the heads out of the mass that it is given.
    beside = _beside(batch, shifted, at_one, products)
    split = rule(at_one if temperature == 1 else mass(shifted, temperature, e))
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


def _beside(
    batch: _Chunk, shifted: Shifted, at_one: Mass, out: Tensor
) -> dict[str, NDArray[np.float32]]:
    """Return entropy and log p of the hard label: no truncated set could give them later.

    The entropy's products go to `out`, which may be the mass's own e.
    """
    labels = batch.labels.clamp(min=0)[:, None]
    log_p = shifted.values.gather(1, labels)[:, 0].double() - at_one.z.log()
    log_p = torch.where(batch.labels >= 0, log_p, torch.nan)
    return {
        "entropy": _float32(entropy(shifted, at_one, out)),
        "log_p_label": _float32(log_p),
    }


def _int64(tensor: Tensor) -> NDArray[np.int64]:
    return np.asarray(tensor.cpu().numpy())


def _float32(tensor: Tensor) -> NDArray[np.float32]:
    return np.asarray(tensor.float().cpu().numpy())


def _ids(tensor: Tensor) -> NDArray[np.uint32]:
    return np.asarray(tensor.cpu().numpy().astype(np.uint32))
