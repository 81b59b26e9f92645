"""Local teachers: a model directory, run here.

TeacherRef ──open_teacher──> LocalTeacher ──keeping(sparsifier)──> Kept, a member
Kept ──answer──> logits, batch by batch at one fixed shape
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from stillroom.data.encoders import Encoder, SequenceEncoder, TokenEncoder
from stillroom.errors import ModelError
from stillroom.io.files.hashing import sha256_json
from stillroom.models.architectures.transformer import require_length
from stillroom.models.forward.fixed_shape import batches_of_logits, batches_with_features
from stillroom.models.forward.forward_kwargs import padding_of
from stillroom.models.forward.sequence_logits import batches_of_token_logits
from stillroom.models.pretrained.model_directory import PREPROCESSOR, load_model, read_encoder
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.pooled_features import WithFeatures
from stillroom.softlabels.sparsify.sparsifiers import Sparsifier
from stillroom.teachers.compatibility import require_alike
from stillroom.teachers.teacher_ref import TeacherRef

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stillroom.softlabels.capture.capture import Member

LIBRARIES = ("numpy", "torch", "transformers")


@dataclass(frozen=True, slots=True)
class How:
    """How teachers are asked, whatever is kept of their answers.

    Attributes:
        augmentation: what makes a view of an input, with its seed.
        seed: of the sparsifier's draws.
        batch_size: the fixed shape of a forward pass.
        features: what is kept of hidden states: `pooled` or `none`.
    """

    augmentation: str
    seed: int
    batch_size: int
    features: Literal["none", "pooled"] = "none"


@dataclass(frozen=True, slots=True)
class Kept:
    """A teacher and the capture that its answers belong to."""

    teacher: "LocalTeacher"
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
class LocalTeacher:
    """A loaded teacher.

    Attributes:
        model: in evaluation mode.
        encoder: of its inputs.
        ref: the files that it was loaded from.
        how: how it is asked.
    """

    model: "PreTrainedModel"
    encoder: Encoder
    ref: TeacherRef
    how: How

    @property
    def classes(self) -> int:
        """How many classes an answer spans."""
        return self.encoder.outputs

    def keeping(self, sparsifier: Sparsifier) -> "Member":
        """Return the teacher as a member whose capture names this sparsifier."""
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
        return Kept(self, capture)

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield logits [n, C] for inputs [N, *shape], in order, or [n, positions, C]."""
        size = self.how.batch_size
        if isinstance(self.encoder, SequenceEncoder):
            yield from batches_of_token_logits(self.model, inputs, size, self.encoder.outputs)
        else:
            yield from batches_of_logits(self.model, inputs, size)

    def answer_with_features(self, inputs: NDArray[Any]) -> Iterator[WithFeatures]:
        """Yield the same, with pooled features [n, D]."""
        for logits, features in batches_with_features(self.model, inputs, self.how.batch_size):
            yield WithFeatures(logits, features)


def open_teacher(ref: TeacherRef, how: How, encoder: Encoder) -> LocalTeacher:
    """Load a teacher, in the precision and onto the devices that its reference says.

    Args:
        ref: the teacher.
        how: it is asked.
        encoder: of the examples, whose classes or tokens it must answer with.

    Raises:
        ModelError: the files changed since they were referred to, cannot be loaded, or the
            teacher answers with other classes or tokens.
    """
    if weights_hash(ref.path) != ref.weights:
        raise ModelError(f"{ref.path} changed while it was in use. Run the stage again.")
    model, own = load_model(ref.path, ref.inference), read_encoder(ref.path)
    require_alike(own, encoder, ref.path)
    _require_outputs(model, own, ref)
    return LocalTeacher(model, own, ref, how)


@cache  # a version is looked up on disk, for milliseconds each
def _libraries() -> tuple[str, ...]:
    """Return what answers, as `name version`."""
    return tuple(f"{name} {version(name)}" for name in LIBRARIES)


def _require_outputs(model: "PreTrainedModel", encoder: Encoder, ref: TeacherRef) -> None:
    """Check that a model answers with what its own encoder says."""
    if isinstance(encoder, SequenceEncoder):
        require_length(model.config, encoder.length)
        if model.config.vocab_size < encoder.outputs:
            raise ModelError(
                f"{ref.path} answers with {model.config.vocab_size} tokens, and its tokenizer has "
                f"{encoder.outputs}. Give it the tokenizer that it was trained with."
            )
        return
    if isinstance(encoder, TokenEncoder):
        require_length(model.config.get_text_config(), encoder.length)
        padding_of(model)
    named: dict[Any, str] = dict(model.config.id2label or {})
    names = [named[index] for index in sorted(named)]
    if names != list(encoder.classes):
        raise ModelError(
            f"{ref.path} answers for {len(names)} classes ({', '.join(names[:5])}, …), and its "
            f"{PREPROCESSOR} names {len(encoder.classes)}. Write the directory anew."
        )
