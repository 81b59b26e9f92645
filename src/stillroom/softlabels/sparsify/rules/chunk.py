"""Chunks: some distributions of a batch, with memory to use, and their statistics.

Chunk ──statistics_and_mass──> entropy and log p of the hard labels, Mass at a temperature
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillroom.softlabels.sparsify.rules.largest_logits import LargestLogits, largest_logits
from stillroom.softlabels.sparsify.rules.row_max import LogitsWithMax, padded_logits, with_row_max
from stillroom.softlabels.sparsify.rules.softmax_mass import (
    Mass,
    SoftmaxStatistics,
    Workspace,
    mass,
    softmax_statistics,
)

Statistics = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some consecutive distributions of a batch, with memory to use.

    Attributes:
        first: the number of the first one in the batch.
        logits: [n, C].
        labels: [n], int64, -1 without a label.
        uniforms: [n, m], float64 in [0, 1); m is the sparsifier's `uniforms`.
        workspace: memory to use.
    """

    first: int
    logits: Tensor
    labels: Tensor
    uniforms: Tensor
    workspace: Workspace

    def with_max(self) -> LogitsWithMax:
        """Return the logits with the maximum of each row.

        Raises:
            SoftLabelError: a row holds NaN or +inf, or nothing but -inf.
        """
        return with_row_max(self.logits, self.first)

    def largest(self, k: int) -> tuple[LargestLogits, LogitsWithMax]:
        """Return the k largest logits of each row, and the logits with the maximum of each row.

        Raises:
            SoftLabelError: a row holds NaN or +inf, or nothing but -inf.
        """
        padded = padded_logits(self.logits, self.first, self.workspace.e[: len(self.logits)])
        return largest_logits(padded, k), LogitsWithMax(self.logits, padded.row_max)


def statistics_and_mass(
    chunk: Chunk, logits: LogitsWithMax, temperature: float
) -> tuple[Statistics, Mass]:
    """Return entropy and log p of the hard labels, and the mass at a temperature."""
    statistics = softmax_statistics(logits, (), chunk.workspace)
    of_labels = label_statistics(chunk, logits, statistics)
    if temperature == 1:
        return of_labels, statistics.lowest
    return of_labels, mass(logits, temperature, chunk.workspace)


def label_statistics(
    chunk: Chunk, logits: LogitsWithMax, statistics: SoftmaxStatistics
) -> Statistics:
    """Return entropy and log p of the hard label: a truncated set cannot give them later."""
    labels = chunk.labels.clamp(min=0)[:, None]
    log_p = logits.values.gather(1, labels)[:, 0].float() - logits.row_max
    log_p = torch.where(chunk.labels >= 0, log_p.double() - statistics.z[1.0].log(), torch.nan)
    return {"entropy": float32(statistics.entropy), "log_p_label": float32(log_p)}


def int64(tensor: Tensor) -> NDArray[np.int64]:
    """Return whole numbers as an array on the CPU."""
    return np.asarray(tensor.cpu().numpy())


def float32(tensor: Tensor) -> NDArray[np.float32]:
    """Return numbers as a float32 array on the CPU."""
    return np.asarray(tensor.float().cpu().numpy())


def ids(tensor: Tensor) -> NDArray[np.uint32]:
    """Return ids as an array on the CPU."""
    return np.asarray(tensor.cpu().numpy().astype(np.uint32))
