"""Running: a model and the encoder of its inputs in, what runs it on some inputs out."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.models.forward import logits
from stillroom.models.sequences import batches_of_token_logits

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def running(model: "PreTrainedModel", encoder: Encoder) -> Callable[[NDArray[Any]], object]:
    """Return what runs the model on inputs [N, *shape], one at a time."""
    if isinstance(encoder, SequenceEncoder):
        outputs = encoder.outputs
        return lambda inputs: list(batches_of_token_logits(model, inputs, 1, outputs))
    return lambda inputs: logits(model, inputs, 1)
