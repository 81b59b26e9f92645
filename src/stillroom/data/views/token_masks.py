"""Masks: sequences and their keys in, the same with some tokens hidden out; any can be made again.

    sequences [N, 3, length], example_id, view ──> some TOKENS replaced, LABELS what stood there

What is hidden is a function of the example's key, the view's number and the seed, as a view of an
image is: what a teacher was asked is what a student is asked, and a new view in each epoch is the
dynamic masking of RoBERTa, Liu et al. (2019), arXiv 1907.11692.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stillroom.data.text.token_layout import LABELS, NONE, TOKENS, Sequences
from stillroom.data.views.splitmix import Words, below, counted, words_of
from stillroom.errors import DataError, SoftLabelError

# Raise it when `apply` changes what any view looks like.
TRANSFORM = "mask-1"

SHARE = 0.15
# Of ten chosen tokens: Devlin et al. (2019), arXiv 1810.04805, section 3.1.
HIDDEN, RANDOM, OF = 8, 1, 10
CHOICE, FATE, OTHER = 0, 1, 2  # what a position's words are for

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """Which tokens of a sequence are hidden, in each of its views.

    Attributes:
        share: of a sequence's tokens, special ones apart, that are chosen; one at least.
        seed: of the choice.
        mask: the id that stands for a hidden token.
        special: ids that no chosen token is replaced with.
        unknown: the one of them that may be chosen itself, since it stands for text; or None.
        vocabulary: how many ids there are.
        count: views of a training sequence; their numbers are 1 … count. 0 leaves number 0 alone.
    """

    share: float
    seed: int
    mask: int
    special: tuple[int, ...]
    unknown: int | None
    vocabulary: int
    count: int = 0

    @property
    def numbers(self) -> list[int]:
        """The numbers of the views that a training sequence has."""
        return list(range(1, self.count + 1)) or [0]

    @property
    def name(self) -> str:
        """What a fingerprint says of the masks: all but how many views there are."""
        return f"{TRANSFORM} share={self.share:g} seed={self.seed}"

    def named(self, name: str, count: int) -> "Masks":
        """Return these masks, in so many views, if they are those that a capture names.

        Raises:
            SoftLabelError: other ones hid the tokens.
        """
        if name != self.name:
            raise SoftLabelError(
                f"soft labels are of tokens hidden by {name!r}, and the examples ask for "
                f"{self.name!r}. Run `kedro run --pipeline=capture` to make them anew."
            )
        return self.counting(count)

    def counting(self, count: int) -> "Masks":
        """Return the same in so many views."""
        return replace(self, count=count)

    def apply(self, inputs: Sequences, example_ids: Sequence[bytes], view: int) -> Sequences:
        """Return a view of each sequence, whatever view of it is given.

        Args:
            inputs: [N, 3, length].
            example_ids: N keys of 16 bytes.
            view: its number; 0 is the one that everything outside of training is measured on.

        Raises:
            DataError: a sequence has no token that could be chosen.
        """
        labels = inputs[:, LABELS]
        tokens = np.where(labels == NONE, inputs[:, TOKENS], labels)
        # Three words for each position, so that none depends on how long the row is filled up.
        rows, _, length = inputs.shape
        drawn = counted(words_of(example_ids, view, self.seed)[:, 0], 3 * length)
        drawn = drawn.reshape(rows, length, 3)
        chosen = self._chosen(tokens, drawn[:, :, CHOICE])
        fate = below(drawn[:, :, FATE], OF)
        found = inputs.copy()
        found[:, LABELS] = np.where(chosen, tokens, NONE)
        found[:, TOKENS] = np.where(chosen & (fate < HIDDEN), self.mask, tokens)
        is_random = chosen & (fate >= HIDDEN) & (fate < HIDDEN + RANDOM)
        found[:, TOKENS][is_random] = self._others(drawn[:, :, OTHER][is_random])
        return found

    def _chosen(self, tokens: NDArray[np.int32], drawn: Words) -> Flags:
        """Return [N, length]: of each row the eligible places with the smallest words."""
        eligible = ~np.isin(tokens, [NONE, *(set(self.special) - {self.unknown})])
        counts = eligible.sum(axis=1)
        if (counts == 0).any():
            raise DataError(
                f"sequence {int((counts == 0).argmax())} of {len(tokens)} holds special tokens "
                "alone, so there is nothing to hide. Give texts that the tokenizer knows."
            )
        wanted = np.maximum(1, np.floor(self.share * counts + 0.5))
        order = np.where(eligible, drawn, np.iinfo(np.uint64).max).argsort(axis=1, kind="stable")
        ranks = order.argsort(axis=1, kind="stable")
        return np.asarray(eligible & (ranks < wanted[:, None]))

    def _others(self, words: Words) -> NDArray[np.int64]:
        """Return tokens of the text, each as likely as another."""
        ordinary = np.setdiff1d(np.arange(self.vocabulary), self.special)
        return ordinary[below(words, len(ordinary))]
