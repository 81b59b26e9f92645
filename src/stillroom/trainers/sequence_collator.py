"""Sequence collator: rows of tokens in, the inputs of a decoder out.

    input_ids, labels, position_ids of each row ──padded at the end──> [B, longest]

There is no attention mask: nothing in a decoder sees the padding after it. Without mask and cache,
the decoders of `transformers` keep the pieces of a row apart, where the positions start at 0 again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from stillroom.errors import ModelError
from stillroom.models.forward.forward_kwargs import is_decoder
from stillroom.models.forward.one_piece_rows import keeps_pieces_apart
from stillroom.models.position_limits import first_position
from stillroom.no_label import IGNORED

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True)
class SequenceCollator:
    """What a batch of sequences depends on of the model.

    Attributes:
        name: the name of the model's class.
        padding: the id of padding.
        first: the position of the first token of a piece.
        is_apart: whether the model keeps the pieces of a row apart.
    """

    name: str
    padding: int
    first: int
    is_apart: bool

    @classmethod
    def of(cls, model: "PreTrainedModel") -> "SequenceCollator":
        """Return the collator of a model, which runs on a few made-up tokens.

        Raises:
            ModelError: the model is no decoder.
        """
        model = unwrapped(model)
        if not is_decoder(model):
            raise ModelError(
                f"{type(model).__name__} is no causal language model, for which rows of tokens "
                "are padded here. Give the collator of its inputs to SoftLabelCollator as `base`."
            )
        config = model.config.get_text_config()
        padding = getattr(config, "pad_token_id", None)
        return cls(
            name=type(model).__name__,
            padding=padding or 0,
            first=first_position(model.config.model_type, padding),
            is_apart=keeps_pieces_apart(model, 0),
        )

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Return the inputs and labels of a batch.

        Raises:
            ModelError: a row has several pieces, which the model does not keep apart.
        """
        batch: dict[str, Any] = {
            "input_ids": _padded([row["input_ids"] for row in rows], self.padding),
            "labels": _padded([row["labels"] for row in rows], IGNORED),
            "use_cache": False,
        }
        positions = [list(row.get("position_ids") or range(len(row["input_ids"]))) for row in rows]
        if self.is_apart:
            longest = batch["input_ids"].shape[1]
            continued = [_continued(one, longest) for one in positions]
            batch["position_ids"] = torch.tensor(continued, dtype=torch.int64) + self.first
        elif any(one.count(0) > 1 for one in positions):
            raise ModelError(
                f"{self.name} does not keep the pieces of a sequence apart, and its rows hold "
                "several. Choose another model, or train it with Stillroom, which gives it one "
                "piece a row."
            )
        return batch


def unwrapped(model: Any) -> Any:
    """Return the model of `transformers` inside of what trainers and adapters wrap around it."""
    inner = getattr(model, "module", model)
    return inner.get_base_model() if hasattr(inner, "get_base_model") else inner


def _padded(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    longest = max(len(row) for row in rows)
    padded = [[*row, *[value] * (longest - len(row))] for row in rows]
    return torch.tensor(padded, dtype=torch.int64)


def _continued(positions: list[int], longest: int) -> list[int]:
    """Return positions that go on through the padding, as if it belonged to the last piece."""
    end = positions[-1] + 1
    return [*positions, *range(end, end + longest - len(positions))]
