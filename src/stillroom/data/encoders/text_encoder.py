"""The token encoder: texts in, what a classifier of tokens sees out.

    text ──tokenizer──> ids ──its own special ones around, cut to length──> [N, 3, length] int32

The layout is that of sequences: tokens, positions, labels; -1 where there is no token, and for
every label, since what is asked of a text is its class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.encoders.array_encoder_json import checked_classes
from stillroom.data.encoders.sequence_encoder import NONE, POSITIONS, TOKENS, Sequences
from stillroom.data.text.tokenizer import Tokenizer
from stillroom.errors import ConfigError, DataError

KIND = "tokens"
LONGEST = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEncoder:
    """How a text becomes what a classifier of tokens sees.

    Attributes:
        tokenizer: whose tokens they are.
        classes: the names of the classes; a label is an index into them.
        length: of a row, in tokens; shorter ones are filled up, longer ones cut.
        before, after: the special ids that the tokenizer puts around a text.
    """

    tokenizer: Tokenizer
    classes: tuple[str, ...]
    length: int
    before: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: Tokenizer, classes: Sequence[str], length: int) -> "TokenEncoder":
        """Return the encoder of a tokenizer.

        Raises:
            ConfigError: there is no room for a token beside the special ones.
        """
        before, after = tokenizer.around()
        around = len(before) + len(after)
        if length <= around:
            raise ConfigError(
                f"data.text.length is {length}, and the tokenizer's own {around} tokens around a "
                f"text leave no room. Set at least {around + 1}."
            )
        return cls(
            tokenizer=tokenizer,
            classes=tuple(classes),
            length=length,
            before=tuple(before),
            after=tuple(after),
        )

    @property
    def kind(self) -> str:
        """What the inputs are."""
        return KIND

    @property
    def task(self) -> Literal["classification"]:
        """What is asked of a text."""
        return "classification"

    @property
    def outputs(self) -> int:
        """How many classes an answer spans."""
        return len(self.classes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one encoded example."""
        return 3, self.length

    def encode(self, frame: pl.DataFrame) -> Sequences:
        """Return [N, 3, length] for the N rows of `frame`, in their order.

        Raises:
            DataError: the rows are no texts, or one of them has no token.
        """
        encoded = np.full((frame.height, 3, self.length), NONE, dtype=np.int32)
        for row, ids in enumerate(self._ids(frame)):
            tokens = [*self.before, *ids[: self._room], *self.after]
            if not tokens:
                raise DataError(f"Row {row} of the examples has no token. Remove or fill it.")
            encoded[row, TOKENS, : len(tokens)] = tokens
            encoded[row, POSITIONS, : len(tokens)] = np.arange(len(tokens))
        return encoded

    def count_cut(self, frame: pl.DataFrame) -> int:
        """Return how many rows are longer than what is kept of them."""
        return sum(len(ids) > self._room for ids in self._ids(frame))

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back; of the tokenizer its hash."""
        return {
            "kind": KIND,
            "classes": list(self.classes),
            "length": self.length,
            "vocabulary": self.tokenizer.size,
            "tokenizer": self.tokenizer.sha256,
            "before": list(self.before),
            "after": list(self.after),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any], tokenizer: Tokenizer) -> "TokenEncoder":
        """Return the encoder of a parsed JSON document.

        Raises:
            DataError: the document is not one that `to_json` gives, or of another tokenizer.
        """
        length = document.get("length")
        if type(length) is not int or not 1 <= length <= LONGEST:
            raise DataError(
                f"The encoder cannot be used: length must be 1 to {LONGEST}. Run the ingest stage "
                "again."
            )
        encoder = cls.of(tokenizer, checked_classes(document.get("classes")), length)
        if document != encoder.to_json():
            raise DataError(
                f"The encoder was made with the tokenizer {str(document.get('tokenizer'))[:12]}, "
                f"and beside it lies {tokenizer.sha256[:12]}. Run the ingest stage again."
            )
        return encoder

    @property
    def _room(self) -> int:
        return self.length - len(self.before) - len(self.after)

    def _ids(self, frame: pl.DataFrame) -> list[NDArray[np.int32]]:
        if frame.schema.get("text") != pl.String() or frame["text"].null_count():
            raise DataError(
                f"The encoder needs a text in each row; given: {frame.schema}. Run the ingest "
                "stage again."
            )
        return [found.ids for found in self.tokenizer.encode(frame["text"].to_list())]
