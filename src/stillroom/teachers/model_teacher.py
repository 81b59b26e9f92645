"""Model teachers: teachers that run here, from a model directory.

TeacherRef ──open_teacher──> ModelTeacher ──keeping(sparsifier)──> TeacherMember
TeacherMember ──answer──> logits, batch by batch at one fixed shape
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, Protocol

from numpy.typing import NDArray

from stillroom.data.encoders import Encoder, SequenceEncoder, TokenEncoder
from stillroom.errors import ModelError
from stillroom.io.files.hashing import sha256_json
from stillroom.models.architectures.transformer import require_length
from stillroom.models.forward.fixed_shape import batches_of_logits, batches_of_logits_and_features
from stillroom.models.forward.forward_kwargs import pad_token_id
from stillroom.models.forward.sequence_logits import batches_of_token_logits
from stillroom.models.pretrained.model_directory import PREPROCESSOR, load_model, read_encoder
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.pooled_features import WithFeatures
from stillroom.softlabels.sparsify.sparsifiers import Sparsifier
from stillroom.teachers.compatibility import require_compatible
from stillroom.teachers.teacher_ref import TeacherRef

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stillroom.softlabels.capture.capture import Member

LIBRARIES = ("numpy", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """How a capture runs a teacher, regardless of the sparsifier.

    Attributes:
        augmentation: the name of the transform that makes views of an input, with its seed.
        seed: the seed of the sparsifier's draws.
        batch_size: the fixed number of rows in a forward pass.
        features: which hidden states are stored: `pooled` or `none`.
    """

    augmentation: str
    seed: int
    batch_size: int
    features: Literal["none", "pooled"] = "none"


class AnsweringTeacher(Protocol):
    """A teacher that answers inputs: one model, or an ensemble of several."""

    @property
    def classes(self) -> int:
        """How many classes an answer spans."""
        ...

    def answer(self, inputs: NDArray[Any], /) -> Iterator[Any]:
        """Yield logits or log-probabilities [n, C] for inputs [N, *shape], in order."""
        ...

    def answer_with_features(self, inputs: NDArray[Any], /) -> Iterator[WithFeatures]:
        """Yield the same, with pooled features."""
        ...


@dataclass(frozen=True, slots=True)
class TeacherMember:
    """A teacher and the capture that its answers belong to."""

    teacher: AnsweringTeacher
    capture: Capture

    @property
    def classes(self) -> int:
        """How many classes an answer spans."""
        return self.teacher.classes

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield logits [n, C] for inputs [N, *shape], in order, and features where kept."""
        if self.capture.features == "none":
            yield from self.teacher.answer(inputs)
        else:
            yield from self.teacher.answer_with_features(inputs)


@dataclass(frozen=True, slots=True)
class ModelTeacher:
    """A loaded teacher.

    Attributes:
        model: in evaluation mode.
        encoder: the encoder of its inputs.
        ref: the files that it was loaded from.
        how: the settings of the capture.
    """

    model: "PreTrainedModel"
    encoder: Encoder
    ref: TeacherRef
    how: CaptureSettings

    @property
    def classes(self) -> int:
        """How many classes an answer spans."""
        return self.encoder.outputs

    def keeping(self, sparsifier: Sparsifier) -> "Member":
        """Return the teacher as a member of a set, whose capture names this sparsifier."""
        capture = Capture(
            weights=self.ref.weights,
            architecture=self.ref.architecture,
            preprocessing=sha256_json(self.encoder.to_json()),
            augmentation=self.how.augmentation,
            dtype=self.ref.inference.dtype,
            sparsifier=sparsifier,
            seed=self.how.seed,
            batch_size=self.how.batch_size,
            libraries=_libraries(),
            device=self.model.device.type,
            features=self.how.features,
        )
        return TeacherMember(self, capture)

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield logits [n, C] for inputs [N, *shape], in order, or [n, positions, C]."""
        size = self.how.batch_size
        if isinstance(self.encoder, SequenceEncoder):
            yield from batches_of_token_logits(self.model, inputs, size, self.encoder.outputs)
        else:
            yield from batches_of_logits(self.model, inputs, size)

    def answer_with_features(self, inputs: NDArray[Any]) -> Iterator[WithFeatures]:
        """Yield logits [n, C], with pooled features [n, D]."""
        for logits, features in batches_of_logits_and_features(
            self.model, inputs, self.how.batch_size
        ):
            yield WithFeatures(logits, features)


def open_teacher(ref: TeacherRef, how: CaptureSettings, encoder: Encoder) -> ModelTeacher:
    """Load a teacher, in the precision and onto the devices of its reference.

    Args:
        ref: the teacher.
        how: the settings of the capture.
        encoder: the encoder of the examples; the teacher must have its classes or tokens.

    Raises:
        ModelError: the files changed since the reference was made, or cannot be loaded, or the
            teacher has other classes or tokens.
    """
    if weights_hash(ref.path) != ref.weights:
        raise ModelError(f"{ref.path} changed while it was in use. Run the stage again.")
    model, own = load_model(ref.path, ref.inference), read_encoder(ref.path)
    require_compatible(own, encoder, ref.path)
    _require_outputs(model, own, ref)
    return ModelTeacher(model, own, ref, how)


@cache  # each look-up of a version takes milliseconds on disk
def _libraries() -> tuple[str, ...]:
    """Return the libraries that compute the answers, as `name version`."""
    return tuple(f"{name} {version(name)}" for name in LIBRARIES)


def _require_outputs(model: "PreTrainedModel", encoder: Encoder, ref: TeacherRef) -> None:
    """Check that the outputs of a model are those of its own encoder."""
    if isinstance(encoder, SequenceEncoder):
        require_length(model.config, encoder.length)
        if model.config.vocab_size < encoder.outputs:
            raise ModelError(
                f"{ref.path} predicts {model.config.vocab_size} tokens, but its tokenizer has "
                f"{encoder.outputs}. Replace it with the tokenizer that it was trained with."
            )
        return
    if isinstance(encoder, TokenEncoder):
        require_length(model.config.get_text_config(), encoder.length)
        pad_token_id(model)
    id2label: dict[Any, str] = dict(model.config.id2label or {})
    names = [id2label[index] for index in sorted(id2label)]
    if names != list(encoder.classes):
        raise ModelError(
            f"{ref.path} has {len(names)} classes ({', '.join(names[:5])}, …), but its "
            f"{PREPROCESSOR} has {len(encoder.classes)}. Save the model again."
        )
