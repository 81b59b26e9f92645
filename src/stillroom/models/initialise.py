"""Initialisation: the model that a fit starts from.

architecture ──build──> weights drawn from the seed
from_teacher ──student_of_layers──> layers of the teacher
pretrained   ──student_of_pretrained──> the weights of any model
"""

from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.config.schema import FROM_TEACHER, PRETRAINED, Architecture
from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.layer_init import student_of_layers
from stillroom.models.pretrained_init import student_of_pretrained
from stillroom.models.shape import Shape

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def initial_model(
    architecture: Architecture, encoder: Encoder, seed: int, start: Path | None
) -> "PreTrainedModel":
    """Return a model in training mode, on the CPU.

    Args:
        architecture: the name and the options of the model.
        encoder: the encoder of its inputs.
        seed: the seed of the weights.
        start: the directory whose weights a student starts with: its teacher's, or that of
            student.path; None if there is neither.

    Raises:
        ModelError: the architecture or an option is unknown or does not fit, or there is no
            teacher to copy layers from.
    """
    if architecture.name not in (FROM_TEACHER, PRETRAINED):
        return build(architecture.name, architecture.options, Shape.of(encoder), seed)
    if start is None:
        raise ModelError(
            f"Only a student can use {architecture.name}. Set teacher.architecture.name to an "
            "architecture."
        )
    if architecture.name == PRETRAINED:
        return student_of_pretrained(start, encoder, seed)
    return student_of_layers(start, architecture.options, encoder)
