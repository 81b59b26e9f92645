"""Held-out prompts: conversations of the test split in, the prompts of their last answers out.

    packs ──last_answers──> prompt, answer, reference ──chosen by a hash──> HeldOutPrompt, …

If references are recorded, only prompts that have one are asked. Otherwise the recorded answer is
the reference: its text without what the model thinks before it.
"""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from stillroom.data.chat.packed_turns import LastAnswer, last_answers
from stillroom.data.text.tokenizer import Tokenizer
from stillroom.evaluation.answers.answer_rule import AnswerRule

THOUGHT = "</think>"  # ends what a model thinks


@dataclass(frozen=True, slots=True)
class HeldOutPrompt:
    """A prompt, and what its answer must have.

    Attributes:
        ids: the tokens of the prompt.
        end: the id that ends the recorded answer.
        reference: what is shown as the reference.
        expected: what the rule makes of it.
    """

    ids: tuple[int, ...]
    end: int
    reference: str
    expected: Any


@dataclass(frozen=True, slots=True)
class HeldOutPrompts:
    """The prompts that are asked.

    Attributes:
        prompts: at most as many as wanted, in the order of their hashes.
        left_out: how many are not asked, by the reason.
    """

    prompts: list[HeldOutPrompt]
    left_out: dict[str, int]


def held_out_prompts(
    test: pl.DataFrame,
    tokenizer: Tokenizer,
    rule: AnswerRule,
    fits: Callable[[tuple[int, ...]], bool],
    most: int,
) -> HeldOutPrompts:
    """Return the prompts that are asked.

    Args:
        test: packs of conversations.
        tokenizer: their tokenizer.
        rule: how answers are checked.
        fits: tells whether all models have positions for a prompt and an answer.
        most: the largest number of prompts.

    Raises:
        DataError: the rule cannot check the references within its bounds.
    """
    lasts = list({one.prompt: one for one in last_answers(test)}.values())
    recorded = any(one.reference is not None for one in lasts)
    left_out: Counter[str] = Counter()
    prompts: list[HeldOutPrompt] = []
    lasts.sort(key=_hash)
    references = [
        last.reference if recorded else answer_text(last.answer, tokenizer) for last in lasts
    ]
    # All at once, because a rule may need a process for it.
    wanted = iter(rule.all_expected([one for one in references if one is not None]))
    for last, reference in zip(lasts, references, strict=True):
        expected = None if reference is None else next(wanted)
        if reference is None or expected is None:
            left_out["no_reference" if reference is None else "nothing_to_check"] += 1
        elif not fits(last.prompt):
            left_out["too_long"] += 1
        elif len(prompts) == most:
            left_out["not_chosen"] += 1
        else:
            prompts.append(HeldOutPrompt(last.prompt, last.answer[-1], reference, expected))
    return HeldOutPrompts(prompts, dict(left_out))


def answer_text(ids: tuple[int, ...] | list[int], tokenizer: Tokenizer) -> str:
    """Return the text of an answer, without special tokens and without reasoning before it."""
    thought = tokenizer.id_of(THOUGHT)
    at = max((at for at, one in enumerate(ids) if one == thought), default=-1)
    return tokenizer.decode(ids[at + 1 :]).rpartition(THOUGHT)[2].strip()


def _hash(last: LastAnswer) -> bytes:
    return hashlib.blake2b(np.array(last.prompt, dtype="<i4").tobytes(), digest_size=16).digest()
