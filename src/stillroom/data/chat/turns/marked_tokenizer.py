"""The tokenizer of rendered texts, in which the name of a special token is that token.

    rendered text ──encode──> ids and offsets, as transformers tokenizes what a template wrote
    text of a turn ──forged──> the name of a special token in it, or None

`Tokenizer.encode` takes such names for plain text, since it encodes what people wrote. A rendered
text is written by a template, and its special tokens are meant.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillroom.data.text.tokenizer import (
    HUGGING_FACE_NAMES,
    Encoding,
    Ids,
    Tokenizer,
    encoding_of,
    panics_refused,
)

if TYPE_CHECKING:
    import tokenizers


@dataclass(frozen=True, eq=False)
class MarkedTokenizer:
    """A tokenizer that takes the names of special tokens for these tokens.

    Attributes:
        tokenizer: the tokenizer; it may be used for other texts at the same time.
    """

    tokenizer: Tokenizer

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Return the tokens of each text. Nothing is put before or after them.

        Raises:
            DataError: the library panics on a text.
        """
        with panics_refused(f"The tokenizer {self.tokenizer.sha256[:12]} fails on a text"):
            encodings = self._parsed.encode_batch(list(texts), add_special_tokens=False)
        return [encoding_of(one) for one in encodings]

    def forged(self, text: str) -> str | None:
        """Return the first name of a special token in a text, or None.

        Some tokenizers have thousands of such names; one pattern of all takes 20 s a megabyte.
        """
        for start in self._first_letters.finditer(text):
            for length in self._lengths:
                name = text[start.start() : start.start() + length]
                if name in self._names:
                    return name
        return None

    def are_special(self, ids: Ids) -> NDArray[np.bool_]:
        """Return for each id whether it is that of a special token."""
        return np.isin(ids, self._special_ids)

    @cached_property
    def special(self) -> frozenset[int]:
        """The ids of special tokens."""
        return frozenset(self.tokenizer.special_ids)

    @cached_property
    def cutting(self) -> frozenset[int]:
        """The ids of special tokens that cut a text and take nothing from either side."""
        added = self._parsed.get_added_tokens_decoder()
        return frozenset(
            id_
            for id_, token in added.items()
            if token.special
            and not (token.normalized or token.lstrip or token.rstrip or token.single_word)
        )

    @cached_property
    def longest_name(self) -> int:
        """The number of characters of the longest added token."""
        added = self._parsed.get_added_tokens_decoder().values()
        return max((len(token.content) for token in added), default=0)

    @cached_property
    def begin(self) -> int | None:
        """The id that begins a text, if it is not also the one that ends it."""
        name = self.tokenizer.special.begin
        if name is None or name == self.tokenizer.special.end:
            return None
        return self._parsed.token_to_id(name)

    @cached_property
    def _special_ids(self) -> Ids:
        return np.array(self.tokenizer.special_ids, dtype=np.int32)

    @cached_property
    def _parsed(self) -> "tokenizers.Tokenizer":
        import tokenizers

        parsed = tokenizers.Tokenizer.from_str(self.tokenizer.definition)
        parsed.no_padding()
        parsed.no_truncation()
        parsed.post_processor = None  # some leave blanks out of the offsets
        return parsed

    @cached_property
    def _names(self) -> frozenset[str]:
        """The names of special tokens."""
        special = self.tokenizer.special
        named = [getattr(special, name) for name in HUGGING_FACE_NAMES]
        named += [self._parsed.id_to_token(id_) for id_ in self.special]
        # Some tokenizers call the unknown token `unk`, and anyone may write that.
        return frozenset(str(name) for name in named if name) - {special.unknown or ""}

    @cached_property
    def _lengths(self) -> list[int]:
        """The lengths of the names, the longest first."""
        return sorted({len(name) for name in self._names}, reverse=True)

    @cached_property
    def _first_letters(self) -> re.Pattern[str]:
        letters = sorted({name[0] for name in self._names})
        return re.compile("|".join(map(re.escape, letters)) or "(?!)")
