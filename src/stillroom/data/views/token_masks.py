"""Token masks: sequences and their keys in, masked sequences out; any view can be computed again.

    sequences [N, 3, length], example_id, view ──> some TOKENS replaced, LABELS the original tokens

Like a view of an image, the masked tokens are a function of the key of the example, the number of
the view and the seed. So a teacher and a student predict the same tokens. A new view in each epoch
is the dynamic masking of RoBERTa, Liu et al. (2019), arXiv 1907.11692.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stillroom.data.text.token_layout import LABELS, NO_TOKEN, TOKENS, Sequences
from stillroom.data.views.splitmix import Words, bounded, row_words, word_streams
from stillroom.errors import DataError, SoftLabelError
from stillroom.no_label import NO_LABEL

# Increase the number when `apply` changes any view.
TRANSFORM = "mask-1"

SHARE = 0.15
# Of ten chosen tokens: Devlin et al. (2019), arXiv 1810.04805, section 3.1.
HIDDEN, RANDOM, OUT_OF = 8, 1, 10
CHOICE, FATE, OTHER = 0, 1, 2  # the use of the three words of a position

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """The masked tokens of a sequence, in each of its views.

    Attributes:
        share: the share of chosen tokens among the tokens of a sequence that are not special; at
            least one token is chosen.
        seed: the seed of the choice.
        mask: the id of the mask token.
        special: ids that never replace a chosen token.
        unknown: the special id that may be chosen, because it stands for text; or None.
        vocabulary: how many ids there are.
        count: how many views a training sequence has, with the numbers 1 … count; with 0 it has
            only view 0.
    """

    share: float
    seed: int
    mask: int
    special: tuple[int, ...]
    unknown: int | None
    vocabulary: int
    count: int = 0

    @property
    def view_numbers(self) -> list[int]:
        """The numbers of the views that a training sequence has."""
        return list(range(1, self.count + 1)) or [0]

    @property
    def name(self) -> str:
        """The name of the masks in a fingerprint: everything but the number of views."""
        return f"{TRANSFORM} share={self.share:g} seed={self.seed}"

    def from_name(self, name: str, count: int) -> "Masks":
        """Return these masks with `count` views, if the name is theirs.

        Raises:
            SoftLabelError: the name is that of other masks.
        """
        if name != self.name:
            raise SoftLabelError(
                f"The soft labels have tokens masked by {name!r}, but the examples by "
                f"{self.name!r}. Run `kedro run --pipeline=capture` to capture them again."
            )
        return self.with_count(count)

    def with_count(self, count: int) -> "Masks":
        """Return the same masks with `count` views."""
        return replace(self, count=count)

    def apply(self, inputs: Sequences, example_ids: Sequence[bytes], view: int) -> Sequences:
        """Return a view of each sequence; the result does not depend on the view of `inputs`.

        Args:
            inputs: [N, 3, length].
            example_ids: N keys of 16 bytes.
            view: the number of the view; everything outside of training uses view 0.

        Raises:
            DataError: a sequence has no token that may be masked.
        """
        labels = inputs[:, LABELS]
        tokens = np.where(labels == NO_LABEL, inputs[:, TOKENS], labels)
        # Each position has three words of its own, so the padding of the row changes none of them.
        rows, _, length = inputs.shape
        drawn = word_streams(row_words(example_ids, view, self.seed)[:, 0], 3 * length)
        drawn = drawn.reshape(rows, length, 3)
        chosen = self._chosen(tokens, drawn[:, :, CHOICE])
        fate = bounded(drawn[:, :, FATE], OUT_OF)
        masked = inputs.copy()
        masked[:, LABELS] = np.where(chosen, tokens, NO_LABEL)
        masked[:, TOKENS] = np.where(chosen & (fate < HIDDEN), self.mask, tokens)
        is_random = chosen & (fate >= HIDDEN) & (fate < HIDDEN + RANDOM)
        masked[:, TOKENS][is_random] = self._others(drawn[:, :, OTHER][is_random])
        return masked

    def _chosen(self, tokens: NDArray[np.int32], drawn: Words) -> Flags:
        """Return [N, length]: True at the eligible positions with the smallest words of a row."""
        eligible = ~np.isin(tokens, [NO_TOKEN, *(set(self.special) - {self.unknown})])
        counts = eligible.sum(axis=1)
        if (counts == 0).any():
            raise DataError(
                f"Sequence {int((counts == 0).argmax())} of {len(tokens)} holds only special "
                "tokens, so nothing can be masked. Remove its texts, or choose another tokenizer."
            )
        wanted = np.maximum(1, np.floor(self.share * counts + 0.5))
        order = np.where(eligible, drawn, np.iinfo(np.uint64).max).argsort(axis=1, kind="stable")
        ranks = order.argsort(axis=1, kind="stable")
        return np.asarray(eligible & (ranks < wanted[:, None]))

    def _others(self, words: Words) -> NDArray[np.int64]:
        """Return ordinary tokens, uniformly distributed."""
        ordinary = np.setdiff1d(np.arange(self.vocabulary), self.special)
        return ordinary[bounded(words, len(ordinary))]
