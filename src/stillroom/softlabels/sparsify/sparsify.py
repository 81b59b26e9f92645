"""Sparsify: applies a sparsifier to a batch of logits.

logits [N, C] ──chunks that fit a cache──> Mass ──rule of the sparsifier──> Entries on the CPU
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
    concatenate_entries,
)
from stillroom.softlabels.sparsify.row_max import (
    LogitsWithMax,
    padded_logits,
    require_finite,
    with_row_max,
)
from stillroom.softlabels.sparsify.softmax_mass import (
    Mass,
    SoftmaxStatistics,
    Workspace,
    mass,
    softmax_statistics,
)
from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)
from stillroom.softlabels.sparsify.topk import largest_logits
from stillroom.softlabels.sparsify.unbiased import HeadsAndTails, fixed_threshold, sample, threshold

# The number of logits in a chunk: a cache of a few MB holds them. With 262,144 classes, 8 rows at a
# time took 0.6 of the time that 64 rows took. Several chunks at a time save nothing.
CHUNK = 2**21


@dataclass(frozen=True, slots=True)
class Batch:
    """N distributions to sparsify.

    Attributes:
        logits: [M, C] of any float type, on any device.
        rows: [N], int64: the row of the logits that each distribution is; draws may share a row.
        labels: [N], int64, -1 without a label.
        uniforms: [N, m], float64 in [0, 1); m is the value of `uniforms_needed`.
    """

    logits: Tensor
    rows: Tensor
    labels: Tensor
    uniforms: Tensor


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some consecutive distributions of a batch, with memory to use.

    Attributes:
        first: the number of the first one in the batch.
        logits: [n, C].
        labels: [n].
        uniforms: [n, m].
        workspace: memory to use.
    """

    first: int
    logits: Tensor
    labels: Tensor
    uniforms: Tensor
    workspace: Workspace


def uniforms_needed(sparsifier: Sparsifier) -> int:
    """Return how many uniform numbers a distribution takes."""
    match sparsifier:
        case Sample(samples=samples):
            return samples
        case Threshold() | FixedThreshold():
            return 1
        case _:
            return 0


@torch.inference_mode()
def sparsify(batch: Batch, sparsifier: Sparsifier) -> Entries:
    """Return what the sparsifier keeps of each distribution.

    Raises:
        SoftLabelError: a logit is NaN or +inf; the error names its row in the batch.
    """
    rule = _RULES[type(sparsifier)]
    count, classes = len(batch.rows), batch.logits.shape[1]
    size = min(max(1, CHUNK // classes), count)
    workspace = Workspace.of(batch.logits, size)
    return concatenate_entries(
        [
            rule(_chunk(batch, slice(start, start + size), workspace), sparsifier)
            for start in range(0, count, size)
        ]
    )


def _chunk(batch: Batch, part: slice, workspace: Workspace) -> _Chunk:
    rows = batch.rows[part]
    first, last = int(rows[0]), int(rows[-1])
    consecutive = last - first + 1 == len(rows) and bool((rows.diff() == 1).all())
    logits = batch.logits[first : last + 1] if consecutive else batch.logits[rows]
    return _Chunk(
        first=part.start,
        logits=logits,
        labels=batch.labels[part],
        uniforms=batch.uniforms[part],
        workspace=workspace,
    )


def _full(chunk: _Chunk, _: Full) -> FullEntries:
    logits = chunk.logits.float()  # before the check: too large a number becomes infinite here
    require_finite(logits.amax(dim=1), chunk.first)
    return FullEntries(_float32(logits))


def _topk(chunk: _Chunk, kind: TopK) -> TopKEntries:
    padded = padded_logits(chunk.logits, chunk.first, chunk.workspace.e[: len(chunk.logits)])
    largest = largest_logits(padded, kind.k)
    logits = LogitsWithMax(chunk.logits, padded.row_max)
    statistics = softmax_statistics(logits, kind.temperatures, chunk.workspace)
    log_z = [statistics.z[t].log() + logits.row_max.double() / t for t in kind.temperatures]
    return TopKEntries(
        counts=_int64(largest.counts),
        ids=_ids(largest.ids),
        logits=_float32(largest.logits),
        log_z=_float32(torch.stack(log_z, dim=1)),
        **_label_statistics(chunk, logits, statistics),
    )


def _sample(chunk: _Chunk, kind: Sample) -> SampleEntries:
    logits = with_row_max(chunk.logits, chunk.first)
    label_statistics, softmax = _statistics_and_mass(chunk, logits, kind.temperature)
    counts, ids, times = sample(softmax, chunk.uniforms)
    return SampleEntries(
        counts=_int64(counts),
        ids=_ids(ids),
        times=_int64(times).astype(np.uint16),
        **label_statistics,
    )


def _threshold(chunk: _Chunk, kind: Threshold) -> ThresholdEntries:
    logits = with_row_max(chunk.logits, chunk.first)
    label_statistics, softmax = _statistics_and_mass(chunk, logits, kind.temperature)
    return _entries(threshold(softmax, kind.tau, chunk.uniforms[:, 0]), label_statistics)


def _fixed(chunk: _Chunk, kind: FixedThreshold) -> ThresholdEntries:
    padded = padded_logits(chunk.logits, chunk.first, chunk.workspace.e[: len(chunk.logits)])
    largest = largest_logits(padded, kind.k)
    logits = LogitsWithMax(chunk.logits, padded.row_max)
    label_statistics, softmax = _statistics_and_mass(chunk, logits, kind.temperature)
    return _entries(
        fixed_threshold(largest, softmax, kind.k, chunk.uniforms[:, 0]), label_statistics
    )


def _entries(
    heads_and_tails: HeadsAndTails, label_statistics: dict[str, NDArray[np.float32]]
) -> ThresholdEntries:
    return ThresholdEntries(
        head_counts=_int64(heads_and_tails.head_counts),
        head_ids=_ids(heads_and_tails.head_ids),
        head_p=np.asarray(heads_and_tails.head_p.cpu().numpy()),
        tail_counts=_int64(heads_and_tails.tail_counts),
        tail_ids=_ids(heads_and_tails.tail_ids),
        **label_statistics,
    )


_RULES: dict[type, Callable[..., Entries]] = {
    Full: _full,
    TopK: _topk,
    Sample: _sample,
    Threshold: _threshold,
    FixedThreshold: _fixed,
}


def _statistics_and_mass(
    chunk: _Chunk, logits: LogitsWithMax, temperature: float
) -> tuple[dict[str, NDArray[np.float32]], Mass]:
    """Return entropy and log p of the hard labels, and the mass at a temperature."""
    statistics = softmax_statistics(logits, (), chunk.workspace)
    label_statistics = _label_statistics(chunk, logits, statistics)
    if temperature == 1:
        return label_statistics, statistics.lowest
    return label_statistics, mass(logits, temperature, chunk.workspace)


def _label_statistics(
    chunk: _Chunk, logits: LogitsWithMax, statistics: SoftmaxStatistics
) -> dict[str, NDArray[np.float32]]:
    """Return entropy and log p of the hard label: a truncated set cannot give them later."""
    labels = chunk.labels.clamp(min=0)[:, None]
    log_p = logits.values.gather(1, labels)[:, 0].float() - logits.row_max
    log_p = torch.where(chunk.labels >= 0, log_p.double() - statistics.z[1.0].log(), torch.nan)
    return {"entropy": _float32(statistics.entropy), "log_p_label": _float32(log_p)}


def _int64(tensor: Tensor) -> NDArray[np.int64]:
    return np.asarray(tensor.cpu().numpy())


def _float32(tensor: Tensor) -> NDArray[np.float32]:
    return np.asarray(tensor.float().cpu().numpy())


def _ids(tensor: Tensor) -> NDArray[np.uint32]:
    return np.asarray(tensor.cpu().numpy().astype(np.uint32))
