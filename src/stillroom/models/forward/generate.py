"""Generation: the beginnings of texts in, their continuations by a language model out.

tokens [n, p] ──the most likely token, again and again──> up to `most` tokens for each row
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def greedy_continuations(
    model: "PreTrainedModel", beginnings: Sequence[Sequence[int]], most: int, end: int, tokens: int
) -> list[list[int]]:
    """Return the greedy continuation of each beginning, without the token that ends a text.

    Args:
        model: a model that predicts the next token.
        beginnings: n rows of token ids, all of one length.
        most: the largest number of tokens in a continuation.
        end: the id that ends a text.
        tokens: how many ids the tokenizer has; the model may have more.
    """
    import torch

    prompts = torch.tensor(beginnings, device=model.device)
    unused = list(range(tokens, model.config.get_text_config().vocab_size))
    generate: Any = model.generate  # transformers declares it as a tensor
    sequences = generate(
        prompts,
        attention_mask=torch.ones_like(prompts),
        max_new_tokens=most,
        do_sample=False,
        eos_token_id=end,
        pad_token_id=end,
        suppress_tokens=unused or None,
    )
    return [_before_end(end, row) for row in sequences[:, prompts.shape[1] :].tolist()]


def _before_end(end: int, tokens: list[int]) -> list[int]:
    return tokens[: tokens.index(end)] if end in tokens else tokens
