"""Loaders: parts of batches in, tensors out, by as many worker processes as wanted.

    Parts ──Part──> table[part] ──> Batch, Batch, …   (in the order of the parts)

A loader knows how many parts it has handed out, so that a checkpoint can say where to go on.
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

from stillroom.models.forward.lm_head import asked
from stillroom.objectives.mixture import Counts
from stillroom.objectives.soft_target import SoftTarget, stacked
from stillroom.training.data.sampler import Part, Parts


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows in the order in which they are learnt: a batch, or one process's part of it.

    Attributes:
        inputs: [N, *shape], float32, or int32 of sequences.
        labels: [N], int64, -1 where a row has no label; of sequences [M], of the M places where
            something is asked.
        target: the teachers' answers, [N, k] or [M, k], or None where the job has none.
        counts: of the whole batch, over which means are taken.
        parts: how many parts the batch was cut into.
        features: [N, D], float32, the teachers' pooled features, or None.
        is_tokens: whether what is asked are places of sequences, and not one thing of each row.
    """

    inputs: Tensor
    labels: Tensor
    target: SoftTarget | None
    counts: Counts
    parts: int
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
        """Return some of the rows, a part of the same batch."""
        at = answers = torch.from_numpy(kept)
        if self.is_tokens:
            answers = at.repeat_interleave(asked(self.inputs).sum(dim=1))
        return replace(
            self,
            inputs=self.inputs[at],
            labels=self.labels[answers],
            target=None if self.target is None else self.target.rows(answers),
            features=None if self.features is None else self.features[at],
        )


def joined(several: Sequence[Batch], counts: Counts, parts: int) -> Batch:
    """Return the rows of several, one after the other, as one part of a batch."""
    targets = [one.target for one in several if one.target is not None]
    features = [one.features for one in several if one.features is not None]
    return Batch(
        torch.cat([one.inputs for one in several]),
        torch.cat([one.labels for one in several]),
        stacked(targets) if targets else None,
        counts,
        parts,
        torch.cat(features) if features else None,
        several[0].is_tokens,
    )


class Table(Protocol):
    """Rows that are fetched a part of a batch at a time, not one by one; can be pickled."""

    def __getitem__(self, part: Part) -> Batch:
        """Return a part of a batch."""
        ...


class Loader(DataLoader[Batch]):
    """Hands out batches, and can go on where another left off."""

    def __init__(self, table: Table, parts: Parts, workers: int) -> None:
        """Feed `parts` of `table` by `workers` processes; 0 loads in this one."""
        super().__init__(
            table,  # type: ignore[arg-type]
            batch_size=None,
            sampler=parts,
            num_workers=workers,
            worker_init_fn=_leave_signals_to_the_trainer,
            persistent_workers=workers > 0,
            # Begun anew: threads, as of polars and of collectives, do not outlive a fork, and what
            # waits for them never ends. Not from a fork server: it and its children would live on
            # when this process is killed.
            multiprocessing_context="spawn" if workers else None,
        )
        self.parts = parts
        self.handed_out = 0

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        """Yield the batches of the rest of the epoch."""
        self.handed_out = self.parts.start
        for batch in super().__iter__():
            self.handed_out += 1
            yield batch

    def state_dict(self) -> dict[str, Any]:
        """Return where to go on; Lightning keeps it in its checkpoints."""
        return {"epoch": self.parts.epoch, "part": self.handed_out}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on at the part after the last one that was handed out."""
        self.parts.go_to(state["epoch"], state["part"])


def _leave_signals_to_the_trainer(worker: int) -> None:
    # Workers inherit the trainer's handlers, which only take a note, and would not end.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
