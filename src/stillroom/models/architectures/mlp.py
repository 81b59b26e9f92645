"""The architecture `mlp`: a perceptron with hidden layers of given widths."""

from math import prod
from typing import TYPE_CHECKING

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT, Share, Width
from stillroom.models.architectures.architecture_kind import ArchitectureKind

if TYPE_CHECKING:
    from stillroom.models.architectures.perceptron import Mlp
    from stillroom.models.shape import Shape


@dataclass(frozen=True, kw_only=True, config=STRICT)
class MlpKind(ArchitectureKind):
    """A perceptron.

    Attributes:
        hidden: the width of each hidden layer.
        dropout: the share of units that are dropped after each hidden layer.
    """

    hidden: list[Width] = Field(default_factory=lambda: [64])
    dropout: Share = 0.0

    takes = ("images", "numbers")

    @classmethod
    def register(cls) -> None:
        """Register the perceptron, which `transformers` does not have."""
        import stillroom.models.architectures.perceptron  # noqa: F401

    def build(self, shape: "Shape") -> "Mlp":
        """Build a perceptron."""
        from stillroom.models.architectures.perceptron import Mlp, MlpConfig

        return Mlp(
            MlpConfig(
                input_size=prod(shape.inputs),
                hidden=self.hidden,
                dropout=self.dropout,
                id2label=dict(enumerate(shape.classes)),
                label2id={name: index for index, name in enumerate(shape.classes)},
            )
        )
