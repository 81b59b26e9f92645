"""Start: what a fit begins with.

architecture ──build──> weights drawn from the seed
from_teacher ──inherit──> layers of the teacher
"""

from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.config.schema import FROM_TEACHER, Architecture
from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.models.layer_init import inherit
from stillroom.models.registry import build
from stillroom.models.shape import Shape

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def start(
    architecture: Architecture, encoder: Encoder, seed: int, teacher: Path | None
) -> "PreTrainedModel":
    """Return a model in training mode, on the CPU.

    Args:
        architecture: what it is.
        encoder: of its inputs.
        seed: of weights that are drawn.
        teacher: the directory whose layers a student may take; None for what has no teacher.

    Raises:
        ModelError: the architecture or an option is unknown or does not fit, or there is no
            teacher to take from.
    """
    if architecture.name != FROM_TEACHER:
        return build(architecture.name, architecture.options, Shape.of(encoder), seed)
    if teacher is None:
        raise ModelError(f"{FROM_TEACHER} is of students. Name the teacher's own architecture.")
    return inherit(teacher, architecture.options, encoder)
