"""Generation: prompts in, the most likely continuation of each by a language model out.

    prompts ──padded on the left to few lengths──> batches ──likeliest token, again and again──> ids

In float32 the last bits of a row's logits depend on the shape of the batch. So the length that a
prompt is padded to and the number of rows depend only on that prompt: each has the same
continuation regardless of the others. A model that padding changes, such as one with a state, gets
one prompt at a time, without padding.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillroom.models.forward.length_buckets import bucket_length
from stillroom.models.position_limits import longest_input

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

ROWS, TOKENS = 8, 2048  # the most of a batch
LONGEST = 2**30  # of a model without a limit
# The largest differences of logits with and without padding, relative to the largest logit, by the
# bytes of a number. Rounding makes 1e-6 in float32.
PADDED = {8: 1e-4, 4: 1e-4, 2: 5e-2}

Ids = Sequence[int]


@dataclass(frozen=True, slots=True)
class GenerationLimits:
    """How far a model continues.

    Attributes:
        most: the largest number of tokens of a continuation.
        ends: the ids that end one; the first of them is also used as padding.
        tokens: how many ids the tokenizer has; the model may have more, which are never used.
    """

    most: int
    ends: tuple[int, ...]
    tokens: int


def greedy_continuations(
    model: "PreTrainedModel", prompts: Sequence[Ids], limits: GenerationLimits
) -> list[list[int]]:
    """Return the greedy continuation of each prompt, without the token that ends it.

    Args:
        model: a model that predicts the next token.
        prompts: rows of token ids, of any lengths.
        limits: how far it continues.
    """
    results: dict[int, list[int]] = {}
    room = _room(model, limits.most) if _takes_padding(model, prompts, limits) else None
    for some, length, size in _batches(prompts, room):
        given = [prompts[row] for row in some]
        filled = [*given, *[given[0]] * (size - len(given))]
        continued = _continued(model, filled, length, limits)
        results |= dict(zip(some, continued, strict=False))
    return [results[row] for row in range(len(prompts))]


def takes(model: "PreTrainedModel", prompt: Ids, most: int) -> bool:
    """Tell whether a model has positions for a prompt and its continuation."""
    longest = longest_input(model.config.get_text_config())
    return longest is None or len(prompt) + most <= longest


def _room(model: "PreTrainedModel", most: int) -> int:
    """Return the longest padded prompt: some models have no columns beyond their positions."""
    longest = longest_input(model.config.get_text_config())
    return LONGEST if longest is None else longest - most


def _batches(prompts: Sequence[Ids], room: int | None) -> Iterator[tuple[list[int], int, int]]:
    """Yield the rows of each batch, the length to pad them to, and the size of the batch.

    Args:
        prompts: the prompts; they are not cut.
        room: the largest length that they are padded to; None: each one is alone, unpadded.
    """
    if room is None:
        yield from (([row], len(prompt), 1) for row, prompt in enumerate(prompts))
        return
    lengths = [max(len(prompt), bucket_length(len(prompt), room)) for prompt in prompts]
    for length in sorted(set(lengths)):
        rows = [row for row, of_row in enumerate(lengths) if of_row == length]
        size = min(ROWS, max(1, TOKENS // length))
        yield from ((rows[at : at + size], length, size) for at in range(0, len(rows), size))


def _continued(
    model: "PreTrainedModel", prompts: Sequence[Ids], length: int, limits: GenerationLimits
) -> list[list[int]]:
    import torch

    ids, mask = _left_padded(prompts, length, limits.ends[0])
    unused = list(range(limits.tokens, model.config.get_text_config().vocab_size))
    generate: Any = model.generate  # transformers declares it as a tensor
    with torch.inference_mode(), _no_settings_of_its_own(model):
        sequences = generate(
            ids.to(model.device),
            attention_mask=mask.to(model.device),
            max_new_tokens=limits.most,
            do_sample=False,
            eos_token_id=list(limits.ends),
            pad_token_id=limits.ends[0],
            suppress_tokens=unused or None,
        )
    return [_before_end(row, limits.ends) for row in sequences[:, length:].tolist()]


@contextmanager
def _no_settings_of_its_own(model: "PreTrainedModel") -> Iterator[None]:
    """Set aside the generation_config.json of a model, such as a penalty for repetitions."""
    from transformers import GenerationConfig

    own: Any = model.generation_config
    model.generation_config = GenerationConfig()
    try:
        yield
    finally:
        model.generation_config = own


def _left_padded(prompts: Sequence[Ids], length: int, padding: int) -> "tuple[Tensor, Tensor]":
    """Return ids and attention mask, [n, length] each."""
    import torch

    rows = [[padding] * (length - len(prompt)) + list(prompt) for prompt in prompts]
    mask = [[0] * (length - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return torch.tensor(rows), torch.tensor(mask)


def _takes_padding(
    model: "PreTrainedModel", prompts: Sequence[Ids], limits: GenerationLimits
) -> bool:
    """Tell whether padding on the left leaves the logits of a prompt as they are."""
    import torch

    if not prompts:
        return False
    prompt = min(prompts, key=len)
    short, mask = _left_padded([prompt], len(prompt), limits.ends[0])
    ids, padded_mask = _left_padded([prompt], len(prompt) + 3, limits.ends[0])
    positions = padded_mask.cumsum(dim=1).sub(1).clamp(min=0)
    try:
        with torch.inference_mode():
            alone = model(short.to(model.device), attention_mask=mask.to(model.device)).logits
            padded = model(
                ids.to(model.device),
                attention_mask=padded_mask.to(model.device),
                position_ids=positions.to(model.device),
            ).logits
    except Exception:  # a model without positions, or without such a mask, raises in its own way
        return False
    apart = (padded[0, -1] - alone[0, -1]).abs().max()
    return bool(apart <= PADDED[alone.element_size()] * alone[0, -1].abs().max())


def _before_end(tokens: list[int], ends: Sequence[int]) -> list[int]:
    at = [tokens.index(end) for end in ends if end in tokens]
    return tokens[: min(at)] if at else tokens
