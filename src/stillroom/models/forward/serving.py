"""Serving: a model in, what answers a batch as a service would out.

    inputs [n, *shape] ──cut to the longest row──one call, or as few as memory allows──> answered

Nothing is filled up and no row waits for others like it, as where answers must have the same bits
in any company (`forward`, `sequences`): what it costs to serve a model is asked of this.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from stillroom.models.forward.forward_kwargs import is_classifier
from stillroom.models.forward.hidden_states import logits_alone
from stillroom.models.forward.text_logits import cropped

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

# Of one call. 32 sequences of 512 tokens over a vocabulary of 262,144 would be 17 GB of logits.
MOST_LOGITS = 2**28


def serving(model: "PreTrainedModel") -> Callable[[NDArray[Any]], None]:
    """Return what runs the model on inputs [n, *shape] and waits for the answers.

    Args:
        model: in evaluation mode.
    """
    import torch

    def answer(inputs: NDArray[Any]) -> None:
        with torch.inference_mode():
            for part in _parts(model, torch.from_numpy(inputs)):
                logits_alone(model, part.to(model.device))
        if model.device.type == "cuda":  # which is given work, and does it later
            torch.cuda.synchronize()

    return answer


def _parts(model: "PreTrainedModel", batch: "Tensor") -> "Iterator[Tensor]":
    """Yield the rows in order, as many at once as the logits of each position allow."""
    if batch.is_floating_point():
        yield batch
        return
    rows = cropped(batch)
    outputs = 1 if is_classifier(model) else model.config.get_text_config().vocab_size
    yield from rows.split(max(1, MOST_LOGITS // (rows.shape[2] * outputs)))
