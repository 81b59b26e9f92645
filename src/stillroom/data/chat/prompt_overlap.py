"""Prompt overlap: prompts of the test split and of training in; how many of the former repeat, out.

    test prompts ──hashes of each run of 13 words──> PromptOverlap <──see── training prompts
                                                        └──> how many share a run, or are equal

A test prompt that training has too says little about new ones. A prompt of at least 13 words
overlaps if a run of 13 of its words stands in a training prompt (Brown et al. 2020, arXiv
2005.14165, appendix C); a shorter one if it is equal to a training prompt. Words are those of the
user in all turns, without case and punctuation. A run has 8 bytes; of too many, the prompts with
the smallest hashes are kept, which are a random choice.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.data.chat.conversation import Conversation
from stillroom.data.chat.conversation_key import conversation_key, prompt_words, word_ngrams

WORDS = 13
MOST = 2**22  # runs of words that are held, in 32 MB
LARGEST_KEY = 2**64

Hashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class _Prompt:
    key: int
    runs: Hashes
    is_short: bool


@dataclass(slots=True)
class PromptOverlap:
    """The test prompts, and which of their runs of words training prompts have.

    Attributes:
        prompts: how many test prompts there are.
    """

    prompts: int
    _compared: list[_Prompt]
    _runs: Hashes
    _seen: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        """Begin without a training prompt."""
        self._seen = np.zeros(len(self._runs), dtype=np.bool_)

    @classmethod
    def of(cls, test: Iterable[Conversation], most: int = MOST) -> "PromptOverlap":
        """Return the overlap of the conversations of the test split with nothing yet.

        Args:
            test: the conversations; one of them is held at a time.
            most: how many runs of words are held.
        """
        kept: list[_Prompt] = []
        prompts, held, bound = 0, 0, LARGEST_KEY
        for prompt in _prompts(test):
            prompts += 1
            if prompt.key >= bound:
                continue
            kept.append(prompt)
            held += len(prompt.runs)
            while held > most and len(kept) > 1:
                bound //= 2
                kept = [one for one in kept if one.key < bound] or [min(kept, key=_key)]
                held = sum(len(one.runs) for one in kept)
        runs = [one.runs for one in kept]
        return cls(prompts, kept, np.unique(np.concatenate(runs)) if runs else _hashes([]))

    def see(self, conversation: Conversation) -> None:
        """Mark the runs of words that a training prompt has."""
        runs = _hashes(prompt_words(conversation))
        if len(runs) and len(self._runs):
            at = np.searchsorted(self._runs, runs).clip(max=len(self._runs) - 1)
            self._seen[at[self._runs[at] == runs]] = True

    def to_json(self) -> dict[str, Any]:
        """Return the counts: prompts that were compared, and those that training has too."""
        long = [one for one in self._compared if not one.is_short]
        short = [one for one in self._compared if one.is_short]
        return {
            "words": WORDS,
            "prompts": self.prompts,
            "long": {"compared": len(long), "overlapping": sum(map(self._is_seen, long))},
            "short": {"compared": len(short), "equal": sum(map(self._is_seen, short))},
        }

    def _is_seen(self, prompt: _Prompt) -> bool:
        return bool(self._seen[np.searchsorted(self._runs, prompt.runs)].any())


def _prompts(conversations: Iterable[Conversation]) -> Iterator[_Prompt]:
    """Yield the prompt of each conversation in which a user says a word."""
    for one in conversations:
        words = prompt_words(one)
        if words:
            key = int.from_bytes(conversation_key(one)[:8], "big")
            yield _Prompt(key, _hashes(words), len(words) < WORDS)


def _hashes(words: list[str]) -> Hashes:
    runs = (run.encode("utf-8", "surrogatepass") for run in word_ngrams(words, WORDS))
    digests = b"".join(hashlib.blake2b(run, digest_size=8).digest() for run in runs)
    return np.frombuffer(digests, dtype="<u8")


def _key(prompt: _Prompt) -> int:
    return prompt.key
