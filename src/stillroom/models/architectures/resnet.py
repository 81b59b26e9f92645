"""The architecture `resnet`: residual networks of `transformers` (He et al., arXiv 1512.03385).

pixel_values [N, channels, height, width] ──> logits [N, classes]
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT, Depth, Width
from stillroom.errors import ModelError
from stillroom.models.architectures.architecture_kind import ArchitectureKind

if TYPE_CHECKING:
    from transformers import ResNetForImageClassification

    from stillroom.models.shape import Shape


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ResnetKind(ArchitectureKind):
    """A residual network; its options are those of `ResNetConfig`, null: the default there."""

    embedding_size: Width | None = None
    hidden_sizes: list[Width] | None = None
    depths: list[Depth] | None = None
    layer_type: Literal["basic", "bottleneck"] | None = None
    downsample_in_first_stage: bool | None = None

    takes = ("images",)

    def build(self, shape: "Shape") -> "ResNetForImageClassification":
        """Build a residual network.

        Raises:
            ModelError: the options do not fit each other.
        """
        from huggingface_hub.errors import StrictDataclassError
        from transformers import ResNetConfig, ResNetForImageClassification

        options: dict[str, Any] = {
            name: value for name, value in vars(self).items() if value is not None
        }
        try:
            config = ResNetConfig(
                num_channels=shape.inputs[0],
                id2label=dict(enumerate(shape.classes)),
                label2id={name: index for index, name in enumerate(shape.classes)},
                **options,
            )
            return ResNetForImageClassification(config)
        except (StrictDataclassError, TypeError, ValueError, KeyError, IndexError) as error:
            reason = " ".join(str(error).split())
            raise ModelError(f"resnet cannot be built with {options}: {reason}") from error
