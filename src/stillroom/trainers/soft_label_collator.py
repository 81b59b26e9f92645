"""Soft-label collator: rows with an example_id in, a batch of inputs with its targets out.

    rows ──base collator──> inputs, labels ─┐
      └─(example_id, view, draw)──join──────┴──> inputs, "labels": BatchTargets

Rows are joined by key, never by position: a row whose key the set does not hold is an error, and so
is one with another number of answers than were captured, as after a truncation.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from stillroom.errors import SoftLabelError
from stillroom.models.forward.forward_kwargs import is_decoder
from stillroom.no_label import IGNORED
from stillroom.objectives.functional.targets import Targets
from stillroom.softlabels.open_set import open as open_set
from stillroom.trainers.batch_targets import BatchTargets
from stillroom.trainers.sequence_collator import SequenceCollator, unwrapped

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stillroom.softlabels.open_set import OpenedSet

Row = Mapping[str, Any]
Collator = Callable[[Sequence[Row]], Any]
KEYS = ("example_id", "view", "draw")


class SoftLabelCollator:
    """The `data_collator` of a Trainer; it also works in loading processes.

    It holds the whole set in memory: 8 bytes for each entry and temperature.
    """

    def __init__(
        self,
        labels: "OpenedSet",
        model: "PreTrainedModel",
        *,
        temperature: float = 1.0,
        base: Collator | None = None,
    ) -> None:
        """Read the soft labels of all rows.

        Args:
            labels: the opened set.
            model: the student; it is looked at, and not kept.
            temperature: of the soft labels, in the units of a logit.
            base: makes the inputs of the model from rows without their keys, with "labels"; None
                for rows of `training_rows`.

        Raises:
            SoftLabelError: the set holds no labels at this temperature, or is damaged.
            ModelError: without `base`, the model is no decoder.
            ValueError: the model has fewer outputs than the set has classes.
        """
        _require_outputs(unwrapped(model), labels)
        self._is_classes = labels.class_names is not None
        self._base = base or SequenceCollator.of(model)
        self._shift = int(
            is_decoder(unwrapped(model))
        )  # a decoder predicts a label one position before
        own = open_set(labels.folder)  # what it reads is freed when the targets are built
        names = list(own.table().select(KEYS).iter_rows())
        self._numbers = {name: number for number, name in enumerate(names)}
        self._targets = Targets(own.read(names, temperature))

    def __call__(self, rows: Sequence[Row]) -> dict[str, Any]:
        """Return a batch.

        Raises:
            SoftLabelError: a row has no key, no soft label, or another number of answers.
        """
        numbers = torch.tensor([self._number(row) for row in rows])
        inputs = [{name: row[name] for name in row if name not in KEYS} for row in rows]
        batch = dict(self._base(inputs))
        labels: Tensor = batch["labels"]
        answers, hard = self._answers(labels, numbers, rows)
        target = self._targets[numbers].soft
        return batch | {"labels": BatchTargets.of(labels, answers, hard, target)}

    def _number(self, row: Row) -> int:
        if "example_id" not in row:
            raise SoftLabelError(
                f"A row has the columns {', '.join(row)}, but no example_id, by which soft labels "
                "are joined. Keep that column: set remove_unused_columns=False."
            )
        name = bytes(row["example_id"]), int(row.get("view", 0)), int(row.get("draw", 0))
        if name not in self._numbers:
            raise SoftLabelError(
                f"Example {name[0].hex()}, view {name[1]}, draw {name[2]} has no soft label in "
                f"this set of {len(self._numbers):,} rows. Its method table() lists those that "
                "have one; run `kedro run --pipeline=capture` for other examples."
            )
        return self._numbers[name]

    def _answers(
        self, labels: Tensor, numbers: Tensor, rows: Sequence[Row]
    ) -> tuple[Tensor, Tensor]:
        """Return the numbers of the answers in the logits and their hard labels, [M] each."""
        if self._is_classes:
            return torch.arange(len(labels)), labels
        asked = labels != IGNORED
        if self._shift:
            asked[:, 0] = False
        expected, counts = self._targets.lengths[numbers], asked.sum(dim=1)
        for row, wanted, count in zip(rows, expected.tolist(), counts.tolist(), strict=True):
            if wanted != count:
                raise SoftLabelError(
                    f"Example {bytes(row['example_id']).hex()} has {count} labels, but soft labels "
                    f"for {wanted} positions. If the trainer truncates rows, switch that off."
                )
        return asked.flatten().nonzero()[:, 0] - self._shift, labels[asked]


def _require_outputs(model: "PreTrainedModel", labels: "OpenedSet") -> None:
    config = model.config.get_text_config()
    is_classes = labels.class_names is not None
    outputs = int(model.config.num_labels or 0) if is_classes else config.vocab_size
    if outputs < labels.classes:
        raise ValueError(
            f"The model has {outputs:,} outputs, but the soft labels have {labels.classes:,} "
            "classes or tokens. Choose the model and the tokenizer that the set was captured for."
        )
