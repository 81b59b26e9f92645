"""The parameters that a teacher and a student share: an architecture and how it is fitted."""

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import (
    STRICT,
    Batch,
    Count,
    Epochs,
    Positive,
    Share,
    Weight,
)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Architecture:
    """The name of an architecture in the model registry, and its options."""

    name: str
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Optimisation:
    """How one model is fitted: a linear warm-up of the learning rate, then a cosine down to zero.

    Attributes:
        optimiser: AdamW, or SGD with Nesterov's momentum.
        batch_tokens: the most tokens of a batch, padding included, instead of batch_size rows;
            null: batch_size rows.
        warmup: share of the steps.
        clip: the largest norm of a gradient; null: no clipping.
        accumulate: parts that a batch is computed in, one after another; the result is the same to
            within rounding, which is coarse with bf16 weights: gradients add up in bf16.
        patience: epochs without improvement before training stops; null: never.
        keep: the epoch whose weights are kept: the one with the lowest validation NLL, the one with
            the highest validation accuracy, or the last one.
        curve_steps: steps between two points of the learning curve; null: one for each epoch.
    """

    optimiser: Literal["adamw", "sgd"]
    epochs: Epochs
    batch_size: Batch
    batch_tokens: Count | None
    lr: Positive
    momentum: Share
    weight_decay: Weight
    warmup: Share
    clip: Positive | None
    accumulate: Batch
    patience: Epochs | None
    keep: Literal["nll", "accuracy", "last"]
    curve_steps: Count | None = None

    def as_optimisation(self) -> "Optimisation":
        """Return these values without the fields of a subclass."""
        return Optimisation(**{name: getattr(self, name) for name in Optimisation.__annotations__})
