"""Local teachers: a model directory, run here.

TeacherRef ──open──> LocalTeacher ──answer──> logits, batch by batch at one fixed shape
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.io.hashing import sha256_json
from stillroom.models.directory import load_model, read_encoder, weights_hash
from stillroom.models.forward import batches_of_logits
from stillroom.softlabels.fingerprint import Capture
from stillroom.softlabels.sparsify import TopK
from stillroom.teachers.reference import TeacherRef

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LIBRARIES = ("numpy", "torch", "transformers")


class LocalTeacher:
    """A loaded teacher; a `stillroom.softlabels.capture.Member`."""

    def __init__(
        self, model: "PreTrainedModel", encoder: Encoder, capture: Capture, batch_size: int
    ) -> None:
        """Hold the parts; `open_teacher` makes them."""
        self.model, self.encoder, self.capture = model, encoder, capture
        self.batch_size = batch_size

    def answer(self, inputs: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Yield logits [n, C] for inputs [N, *shape], in order."""
        yield from batches_of_logits(self.model, inputs, self.batch_size)


def open_teacher(
    ref: TeacherRef, sparsifier: TopK, batch_size: int, classes: Sequence[str]
) -> LocalTeacher:
    """Load a teacher in float32 on the CPU.

    Raises:
        ModelError: the files changed since they were referred to, cannot be loaded, or the
            teacher was trained for other classes.
    """
    if weights_hash(ref.path) != ref.weights:
        raise ModelError(f"{ref.path} changed while it was in use. Run the stage again.")
    model = load_model(ref.path)
    _require_classes(model, ref, classes)
    encoder = Encoder.from_json(read_encoder(ref.path))
    capture = Capture(
        weights=ref.weights,
        architecture=ref.architecture,
        preprocessing=sha256_json(encoder.to_json()),
        dtype="float32",
        sparsifier=sparsifier.name,
        k=str(sparsifier.k),
        temperatures=sparsifier.temperatures,
        batch_size=batch_size,
        libraries=tuple(f"{name} {version(name)}" for name in LIBRARIES),
        device="cpu",
    )
    return LocalTeacher(model, encoder, capture, batch_size)


def _require_classes(model: "PreTrainedModel", ref: TeacherRef, classes: Sequence[str]) -> None:
    named: dict[Any, str] = dict(model.config.id2label or {})
    names = [named[index] for index in sorted(named)]
    if names != list(classes):
        raise ModelError(
            f"{ref.path} answers for {len(names)} classes ({', '.join(names[:5])}, …), and the "
            f"examples have {len(classes)} ({', '.join(list(classes)[:5])}, …). "
            "Name a teacher of these classes, or set data.classes."
        )
