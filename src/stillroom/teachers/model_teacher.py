"""Model teachers: teachers that run here, from a model directory.

TeacherRef ──open_model_teacher──> ModelTeacher ──answer──> logits, batch by batch, at one shape
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from stillroom.data.encoders import Encoder, SequenceEncoder, TokenEncoder
from stillroom.errors import ModelError
from stillroom.models.architectures.transformer import require_length
from stillroom.models.forward.fixed_shape import batches_of_logits, batches_of_logits_and_features
from stillroom.models.forward.forward_kwargs import pad_token_id
from stillroom.models.forward.generate import (
    GenerationLimits,
    greedy_continuations,
    takes,
)
from stillroom.models.forward.one_piece_rows import keeps_pieces_apart
from stillroom.models.forward.sequence_logits import (
    batches_of_token_logits,
    batches_of_token_logits_and_features,
)
from stillroom.models.pretrained.model_directory import PREPROCESSOR, load_model, read_encoder
from stillroom.softlabels.capture.promises import RUNS_HERE, Promises
from stillroom.softlabels.format.fingerprint import METHOD
from stillroom.softlabels.format.pooled_features import WithFeatures
from stillroom.teachers.compatibility import require_compatible
from stillroom.teachers.teacher import (
    CaptureSettings,
    Execution,
    Identity,
    Teacher,
    TeacherRef,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel

LIBRARIES = ("numpy", "torch", "transformers")
ONE_PIECE_ROWS = "one piece a row"


@dataclass(frozen=True)
class ModelTeacher(Teacher):
    """A loaded model that answers.

    Attributes:
        model: the model, in evaluation mode.
        dtype: the type of its weights and of its arithmetic.
    """

    model: "PreTrainedModel"
    encoder: Encoder
    identity: Identity
    dtype: str
    how: CaptureSettings
    promises: Promises = RUNS_HERE

    @property
    def execution(self) -> Execution:
        """PyTorch, on the device of the model."""
        return Execution(self.dtype, self.model.device.type, LIBRARIES, self._method)

    @property
    def _method(self) -> str:
        """The method, with a word for a model that gets pieces one a row."""
        if not isinstance(self.encoder, SequenceEncoder):
            return METHOD
        is_apart = keeps_pieces_apart(self.model, self.encoder.length)
        return METHOD if is_apart else f"{METHOD}, {ONE_PIECE_ROWS}"

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield logits, [n, C] or [n, positions, C], for inputs [N, *shape], in order."""
        size = self.how.batch_size
        if isinstance(self.encoder, SequenceEncoder):
            yield from batches_of_token_logits(self.model, inputs, size, self.encoder.outputs)
        else:
            yield from batches_of_logits(self.model, inputs, size)

    def answer_with_features(self, inputs: NDArray[Any]) -> Iterator[WithFeatures]:
        """Yield logits with pooled features, [n, D] or one vector per piece of each row."""
        if isinstance(self.encoder, SequenceEncoder):
            for token_logits, of_packs in batches_of_token_logits_and_features(
                self.model, inputs, self.how.batch_size, self.encoder.outputs
            ):
                yield WithFeatures(token_logits, of_packs.pooled, of_packs.pieces)
            return
        for logits, features in batches_of_logits_and_features(
            self.model, inputs, self.how.batch_size
        ):
            yield WithFeatures(logits, features)

    def continuations(
        self, prompts: Sequence[Sequence[int]], limits: GenerationLimits
    ) -> list[list[int]] | None:
        """Return the greedy continuation of each prompt."""
        return greedy_continuations(self.model, prompts, limits)

    def takes(self, prompt: Sequence[int], most: int) -> bool:
        """Tell whether the model has positions for a prompt and `most` more tokens."""
        return takes(self.model, prompt, most)


def open_model_teacher(ref: TeacherRef, how: CaptureSettings, encoder: Encoder) -> ModelTeacher:
    """Load a teacher, in the precision and onto the devices of its reference.

    Args:
        ref: the teacher.
        how: the settings of the capture.
        encoder: the encoder of the examples; the teacher must have its classes or tokens.

    Raises:
        ModelError: the model cannot be loaded, or has other classes or tokens.
    """
    model, own = load_model(ref.path, ref.inference), read_encoder(ref.path)
    require_compatible(own, encoder, ref.path)
    _require_outputs(model, own, ref)
    return ModelTeacher(model, own, ref.identity, ref.inference.dtype, how)


def _require_outputs(model: "PreTrainedModel", encoder: Encoder, ref: TeacherRef) -> None:
    """Check that the outputs of a model are those of its own encoder."""
    if isinstance(encoder, SequenceEncoder):
        config = model.config.get_text_config()
        require_length(config, encoder.length)
        if config.vocab_size < encoder.outputs:
            raise ModelError(
                f"{ref.path} predicts {config.vocab_size} tokens, but its tokenizer has "
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
