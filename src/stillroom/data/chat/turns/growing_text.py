"""Growing text: the tokens of texts that begin like one that is tokenized already.

    whole text, its tokens ─┐
    text ───────────────────┴─ tokens of the common beginning, tokens of the rest ──> Encoding

The prompts of all turns of a conversation are long, and most of each is the beginning of the whole.
A tokenizer cuts a text at special tokens before anything else, so the ids up to a special token do
not depend on what follows it. From there on the text is tokenized.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stillroom.data.chat.common_beginning import common_length
from stillroom.data.chat.turns.marked_tokenizer import MarkedTokenizer
from stillroom.data.text.tokenizer import Encoding


@dataclass(frozen=True)
class GrowingText:
    """A rendered conversation with its tokens.

    Attributes:
        text: the whole text.
        encoding: its tokens.
        tokenizer: what made them.
    """

    text: str
    encoding: Encoding
    tokenizer: MarkedTokenizer

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Return the tokens of each text: those that `MarkedTokenizer.encode` gives.

        Raises:
            DataError: the tokenizer panics on a text.
        """
        cuts = [self._cut(text) for text in texts]
        starts = [int(self.encoding.starts[cut]) if cut is not None else 0 for cut in cuts]
        rests = [text[start:] for text, start in zip(texts, starts, strict=True)]
        return [
            self._joined(cut or 0, start, rest)
            for cut, start, rest in zip(cuts, starts, self.tokenizer.encode(rests), strict=True)
        ]

    def _cut(self, text: str) -> int | None:
        """Return the last token of the whole at which a text can be cut; None if there is none.

        The token and as many characters after it as a special token can have are common to both,
        so no longer token can begin there in one of them.
        """
        most = common_length(self.text, text) - self.tokenizer.longest_name
        before = np.searchsorted(self.encoding.ends[self._cuts], most, side="right")
        return int(self._cuts[before - 1]) if before else None

    @cached_property
    def _cuts(self) -> NDArray[np.intp]:
        return np.flatnonzero(np.isin(self.encoding.ids, sorted(self.tokenizer.cutting)))

    def _joined(self, cut: int, start: int, rest: Encoding) -> Encoding:
        return Encoding(
            np.concatenate([self.encoding.ids[:cut], rest.ids]),
            np.concatenate([self.encoding.starts[:cut], rest.starts + start]),
            np.concatenate([self.encoding.ends[:cut], rest.ends + start]),
        )
