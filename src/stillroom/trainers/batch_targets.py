"""Batch targets: the labels and soft labels of a batch, in the form that a Trainer passes on.

`transformers.Trainer` gives a loss the outputs of the model and the entry "labels" of the batch,
nothing else. So this entry carries the targets too: a mapping of tensors, which moves to a device
like one. Before that, the Trainer only counts the labels: `labels[..., 1:].ne(-100).sum()`.
"""

from typing import Any

import torch
from torch import Tensor

from stillroom.no_label import IGNORED, NO_LABEL
from stillroom.objectives.targets.soft_target import SoftTarget

LABELS, ANSWERS, HARD, IDS, LOG_P = "labels", "answers", "hard", "ids", "log_p"


class BatchTargets(dict[str, Any]):
    """The targets of a batch of B rows with M answers: its labelled positions, or its rows.

    Entries:
        labels: as the base collator made them: [B, length], or [B] for classes.
        answers: [M], int64, the numbers of the answers in the model's logits, row after row.
        hard: [M], int64, their hard labels; NO_LABEL where there is none.
        ids: [M, k], int64; absent where the soft labels hold every class.
        log_p: {T: [M, k]}.
    """

    @classmethod
    def of(
        cls, labels: Tensor, answers: Tensor, hard: Tensor, target: SoftTarget
    ) -> "BatchTargets":
        """Return the targets of a batch."""
        ids = {} if target.in_order else {IDS: target.ids}
        hard = hard.masked_fill(hard == IGNORED, NO_LABEL)
        values = {LABELS: labels, ANSWERS: answers, HARD: hard, LOG_P: dict(target.log_p)}
        return cls(values | ids)

    def __getitem__(self, key: Any) -> Any:
        """Return an entry; an index of tensors leaves the targets as they are."""
        return super().__getitem__(key) if isinstance(key, str) else self

    def ne(self, ignored: int) -> Tensor:
        """Return one true value for each answer, whose sum is the number of items in the batch."""
        return torch.ones_like(self[ANSWERS], dtype=torch.bool)

    @property
    def soft(self) -> SoftTarget:
        """The soft labels of the answers, [M, k]."""
        if IDS in self:
            return SoftTarget(self[IDS], self[LOG_P])
        return SoftTarget.whole(self[LOG_P])
