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
        """Return the first name of a special token in a text, or None."""
        match = self._names.search(text)
        return None if match is None else match[0]

    def are_special(self, ids: Ids) -> NDArray[np.bool_]:
        """Return for each id whether it is that of a special token."""
        return np.isin(ids, sorted(self.special))

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
    def _parsed(self) -> "tokenizers.Tokenizer":
        import tokenizers

        parsed = tokenizers.Tokenizer.from_str(self.tokenizer.definition)
        parsed.no_padding()
        parsed.no_truncation()
        parsed.post_processor = None  # some leave blanks out of the offsets
        return parsed

    @cached_property
    def _names(self) -> re.Pattern[str]:
        """The names of special tokens, the longest first."""
        special = self.tokenizer.special
        named = [getattr(special, name) for name in HUGGING_FACE_NAMES]
        names = {
            str(name) for name in [*map(self._parsed.id_to_token, self.special), *named] if name
        }
        # Some tokenizers call the unknown token `unk`, and anyone may write that.
        names -= {special.unknown or ""}
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
