"""Chunk entries: what each built-in sparsifier keeps of a chunk of distributions.

Each function raises a SoftLabelError if a logit is NaN or +inf.
"""

from collections.abc import Sequence

import numpy as np
import torch

from stillroom.softlabels.sparsify.entries import (
    FullEntries,
    SampleEntries,
    ThresholdEntries,
    TopKEntries,
)
from stillroom.softlabels.sparsify.rules.chunk import (
    Chunk,
    Statistics,
    float32,
    ids,
    int64,
    label_statistics,
    statistics_and_mass,
)
from stillroom.softlabels.sparsify.rules.row_max import require_finite
from stillroom.softlabels.sparsify.rules.softmax_mass import softmax_statistics
from stillroom.softlabels.sparsify.rules.unbiased import (
    HeadsAndTails,
    fixed_threshold,
    sample,
    threshold,
)


def full_entries(chunk: Chunk) -> FullEntries:
    """Return every logit."""
    logits = chunk.logits.float()  # before the check: too large a number becomes infinite here
    require_finite(logits.amax(dim=1), chunk.first)
    return FullEntries(float32(logits))


def topk_entries(chunk: Chunk, k: int, temperatures: Sequence[float]) -> TopKEntries:
    """Return the k largest logits, and log Z at each temperature."""
    largest, logits = chunk.largest(k)
    statistics = softmax_statistics(logits, temperatures, chunk.workspace)
    log_z = [statistics.z[t].log() + logits.row_max.double() / t for t in temperatures]
    return TopKEntries(
        counts=int64(largest.counts),
        ids=ids(largest.ids),
        logits=float32(largest.logits),
        log_z=float32(torch.stack(log_z, dim=1)),
        **label_statistics(chunk, logits, statistics),
    )


def sample_entries(chunk: Chunk, temperature: float) -> SampleEntries:
    """Return the ids that were drawn, one draw for each uniform number."""
    of_labels, softmax = statistics_and_mass(chunk, chunk.with_max(), temperature)
    counts, drawn, times = sample(softmax, chunk.uniforms)
    return SampleEntries(
        counts=int64(counts), ids=ids(drawn), times=int64(times).astype(np.uint16), **of_labels
    )


def threshold_entries(chunk: Chunk, tau: float, temperature: float) -> ThresholdEntries:
    """Return the heads of at least tau, and the tails that were drawn."""
    of_labels, softmax = statistics_and_mass(chunk, chunk.with_max(), temperature)
    return _heads_and_tails(threshold(softmax, tau, chunk.uniforms[:, 0]), of_labels)


def fixed_threshold_entries(chunk: Chunk, k: int, temperature: float) -> ThresholdEntries:
    """Return heads and tails, min(k, support) together."""
    largest, logits = chunk.largest(k)
    of_labels, softmax = statistics_and_mass(chunk, logits, temperature)
    kept = fixed_threshold(largest, softmax, k, chunk.uniforms[:, 0])
    return _heads_and_tails(kept, of_labels)


def _heads_and_tails(kept: HeadsAndTails, of_labels: Statistics) -> ThresholdEntries:
    return ThresholdEntries(
        head_counts=int64(kept.head_counts),
        head_ids=ids(kept.head_ids),
        head_p=np.asarray(kept.head_p.cpu().numpy()),
        tail_counts=int64(kept.tail_counts),
        tail_ids=ids(kept.tail_ids),
        **of_labels,
    )
