"""Sparsify: applies a sparsifier to a batch of logits.

logits [N, C] ──chunks that fit a cache──> Chunk ──entries_of the sparsifier──> entries on the CPU
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from stillroom.softlabels.sparsify.entries import concatenate_entries
from stillroom.softlabels.sparsify.rules.chunk import Chunk
from stillroom.softlabels.sparsify.rules.softmax_mass import Workspace
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

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
        uniforms: [N, m], float64 in [0, 1); m is the sparsifier's `uniforms`.
    """

    logits: Tensor
    rows: Tensor
    labels: Tensor
    uniforms: Tensor


@torch.inference_mode()
def sparsify(batch: Batch, sparsifier: Sparsifier) -> Any:
    """Return what the sparsifier keeps of each distribution.

    Raises:
        SoftLabelError: a logit is NaN or +inf; the error names its row in the batch.
    """
    count, classes = len(batch.rows), batch.logits.shape[1]
    size = min(max(1, CHUNK // classes), count)
    workspace = Workspace.of(batch.logits, size)
    return concatenate_entries(
        [
            sparsifier.entries_of(_chunk(batch, slice(start, start + size), workspace))
            for start in range(0, count, size)
        ]
    )


def _chunk(batch: Batch, part: slice, workspace: Workspace) -> Chunk:
    rows = batch.rows[part]
    first, last = int(rows[0]), int(rows[-1])
    consecutive = last - first + 1 == len(rows) and bool((rows.diff() == 1).all())
    logits = batch.logits[first : last + 1] if consecutive else batch.logits[rows]
    return Chunk(
        first=part.start,
        logits=logits,
        labels=batch.labels[part],
        uniforms=batch.uniforms[part],
        workspace=workspace,
    )
