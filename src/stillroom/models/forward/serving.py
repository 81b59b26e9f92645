"""Serving: a model in; a function out that runs it on a batch, as a service would.

    inputs [n, *shape] ──cut to the longest row──> one call, or as few as memory allows

It is used to measure the cost of serving a model. `fixed_shape` and `sequence_logits` pad and sort
rows, so that logits are bit-identical regardless of what else is in the batch; this does neither.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from stillroom.models.forward.forward_kwargs import is_classifier
from stillroom.models.forward.hidden_states import logits_only
from stillroom.models.forward.text_logits import trimmed

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

# The most logits of one call. 32 sequences of 512 tokens with 262,144 ids would take 17 GB.
MOST_LOGITS = 2**28


def serving(model: "PreTrainedModel") -> Callable[[NDArray[Any]], None]:
    """Return a function that runs the model on inputs [n, *shape] and waits for the result.

    Args:
        model: the model, in evaluation mode.
    """
    import torch

    def answer(inputs: NDArray[Any]) -> None:
        with torch.inference_mode():
            for rows in _affordable_batches(model, torch.from_numpy(inputs)):
                logits_only(model, rows.to(model.device))
        if model.device.type == "cuda":  # a CUDA device works asynchronously
            torch.cuda.synchronize()

    return answer


def _affordable_batches(model: "PreTrainedModel", batch: "Tensor") -> "Iterator[Tensor]":
    """Yield the rows in order, in batches with at most MOST_LOGITS logits."""
    if batch.is_floating_point():
        yield batch
        return
    rows = trimmed(batch)
    outputs = 1 if is_classifier(model) else model.config.get_text_config().vocab_size
    yield from rows.split(max(1, MOST_LOGITS // (rows.shape[2] * outputs)))
