"""Continuing: the beginnings of texts in, what a language model says comes next out.

tokens [n, p] ──likeliest token, again and again──> up to `most` tokens for each
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def continued(
    model: "PreTrainedModel", beginnings: Sequence[Sequence[int]], most: int, end: int, tokens: int
) -> list[list[int]]:
    """Return the likeliest continuation of each beginning, without the token that ends a text.

    Args:
        model: predicts the next token.
        beginnings: n, all of one length.
        most: tokens.
        end: the id that ends a text.
        tokens: that the tokenizer has; a model may have been given more.
    """
    import torch

    begun = torch.tensor(beginnings, device=model.device)
    spare = list(range(tokens, model.config.vocab_size))
    generate: Any = model.generate  # transformers types it as a tensor
    said = generate(
        begun,
        attention_mask=torch.ones_like(begun),
        max_new_tokens=most,
        do_sample=False,
        eos_token_id=end,
        pad_token_id=end,
        suppress_tokens=spare or None,
    )
    return [_until(end, row) for row in said[:, begun.shape[1] :].tolist()]


def _until(end: int, tokens: list[int]) -> list[int]:
    return tokens[: tokens.index(end)] if end in tokens else tokens
