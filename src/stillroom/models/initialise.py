"""Initialisation: the model that a fit starts from.

architecture ──build──> weights drawn from the seed
from_teacher ──student_of_layers──> layers of the teacher
"""

from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.config.schema import FROM_TEACHER, Architecture
from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.layer_init import student_of_layers
from stillroom.models.shape import Shape

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def initial_model(
    architecture: Architecture, encoder: Encoder, seed: int, teacher: Path | None
) -> "PreTrainedModel":
    """Return a model in training mode, on the CPU.

    Args:
        architecture: the name and the options of the model.
        encoder: the encoder of its inputs.
        seed: the seed of the weights.
        teacher: the directory whose layers a student may copy; None if the model has no teacher.

    Raises:
        ModelError: the architecture or an option is unknown or does not fit, or there is no
            teacher to copy layers from.
    """
    if architecture.name != FROM_TEACHER:
        return build(architecture.name, architecture.options, Shape.of(encoder), seed)
    if teacher is None:
        raise ModelError(
            f"Only a student can use {FROM_TEACHER}. Set teacher.architecture.name to an "
            "architecture."
        )
    return student_of_layers(teacher, architecture.options, encoder)
