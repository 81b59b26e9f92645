"""Batch loader: micro-batches of row numbers in, tensors out; several processes may load them.

    MicroBatchSampler ──MicroBatch──> dataset[micro-batch] ──> Batch, Batch, …   (in that order)

A loader counts the micro-batches that it has handed out, so that a checkpoint can say where to
continue.
"""

import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from stillroom.models.forward.lm_head import label_mask
from stillroom.models.forward.one_piece_rows import piece_starts
from stillroom.objectives.mixture import BatchCounts
from stillroom.objectives.targets.soft_target import SoftTarget, stacked
from stillroom.training.data.sampler import MicroBatch, MicroBatchSampler


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The tensors of a batch, or of one micro-batch of it, in the order of training.

    Attributes:
        inputs: [N, *shape]: float32, or int32 for sequences.
        labels: [N], int64, -1 where a row has no label; for sequences [M], one for each of the M
            positions that have a label.
        target: the teachers' answers, [N, k] or [M, k]; None where no term compares answers.
        counts: the counts of the whole batch, by which sums are divided.
        micro_batches: how many micro-batches the batch has.
        features: [N, D], or [P, D] for the P pieces of sequences, float32: the teachers' pooled
            features, or None.
        is_tokens: whether labels and target belong to positions of sequences, and not to rows.
    """

    inputs: Tensor
    labels: Tensor
    target: SoftTarget | None
    counts: BatchCounts
    micro_batches: int
    features: Tensor | None = None
    is_tokens: bool = False

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on a device; Lightning calls this."""
        if self.inputs.device == device:
            return self
        return replace(
            self,
            inputs=self.inputs.to(device),
            labels=self.labels.to(device),
            target=None if self.target is None else self.target.to(device),
            features=None if self.features is None else self.features.to(device),
        )

    def rows(self, kept: NDArray[np.bool_]) -> "Batch":
        """Return the rows where `kept`, [N], holds, as a micro-batch of the same batch."""
        at = answers = pooled = torch.from_numpy(kept)
        if self.is_tokens:
            answers = at.repeat_interleave(label_mask(self.inputs).sum(dim=1))
            pooled = at.repeat_interleave(piece_starts(self.inputs).sum(dim=1))
        return replace(
            self,
            inputs=self.inputs[at],
            labels=self.labels[answers],
            target=None if self.target is None else self.target.rows(answers),
            features=None if self.features is None else self.features[pooled],
        )


def concatenated(several: Sequence[Batch], counts: BatchCounts, micro_batches: int) -> Batch:
    """Return the rows of several batches, one after the other, as one micro-batch."""
    targets = [one.target for one in several if one.target is not None]
    features = [one.features for one in several if one.features is not None]
    return Batch(
        inputs=torch.cat([one.inputs for one in several]),
        labels=torch.cat([one.labels for one in several]),
        target=stacked(targets) if targets else None,
        counts=counts,
        micro_batches=micro_batches,
        features=torch.cat(features) if features else None,
        is_tokens=several[0].is_tokens,
    )


class BatchDataset(Protocol):
    """Rows that are fetched one micro-batch at a time, not one by one; can be pickled."""

    def __getitem__(self, micro_batch: MicroBatch, /) -> Batch:
        """Return a micro-batch."""
        ...


class BatchLoader(DataLoader[Batch]):
    """Hands out batches, and can continue where another loader stopped."""

    def __init__(self, dataset: BatchDataset, sampler: MicroBatchSampler, workers: int) -> None:
        """Load micro-batches of `dataset` in `workers` processes; 0 loads them in this process."""
        super().__init__(
            dataset,  # type: ignore[arg-type]
            batch_size=None,
            sampler=sampler,
            num_workers=workers,
            worker_init_fn=_leave_signals_to_the_trainer,
            persistent_workers=workers > 0,
            # Not "fork": the threads of polars and of collectives do not survive a fork, and what
            # waits for them never ends. Not "forkserver": the server and its children would
            # outlive this process when it is killed.
            multiprocessing_context="spawn" if workers else None,
        )
        self.micro_batches = sampler
        self.handed_out = 0

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        """Yield the batches of the rest of the epoch."""
        self.handed_out = self.micro_batches.start
        for batch in super().__iter__():
            self.handed_out += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Return where to continue; Lightning keeps it in its checkpoints."""
        return {"epoch": self.micro_batches.epoch, "part": self.handed_out}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue with the micro-batch after the last one that was handed out."""
        self.micro_batches.go_to(state["epoch"], state["part"])


def _leave_signals_to_the_trainer(worker: int) -> None:
    # Workers inherit the trainer's handlers, which only set a flag, and so would not end.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
