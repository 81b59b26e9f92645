"""Residual networks of `transformers` (He et al., arXiv 1512.03385), sized by options.

pixel_values [N, channels, height, width] ──> logits [N, classes]
"""

from collections.abc import Mapping
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import ResNetConfig, ResNetForImageClassification

from stillroom.errors import ModelError
from stillroom.models.shape import Shape, require_known_options

OPTIONS = ["embedding_size", "hidden_sizes", "depths", "layer_type", "downsample_in_first_stage"]


def build_resnet(shape: Shape, options: Mapping[str, Any]) -> ResNetForImageClassification:
    """Build a residual network for images; its options are those of `ResNetConfig`."""
    require_known_options("resnet", options, OPTIONS)
    if len(shape.inputs) != 3:
        raise ModelError(
            f"resnet takes images, but these inputs have the shape {shape.inputs}. "
            "Set groups.teacher=mlp_ensemble and groups.student=mlp."
        )
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
        raise ModelError(f"resnet cannot be built with {dict(options)}: {reason}") from error
