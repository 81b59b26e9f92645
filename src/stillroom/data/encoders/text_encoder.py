"""The token encoder: texts in, the inputs of a text classifier out.

    text ──tokenizer──> ids ──special ids around, truncated──> [N, 3, length] int32

The layout is that of sequences: tokens, positions, labels. No position has a label, because the
model predicts the class of the whole text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.encoders.array_encoder_json import checked_classes
from stillroom.data.text.token_layout import NO_TOKEN, POSITIONS, TOKENS, Sequences
from stillroom.data.text.tokenizer import Tokenizer
from stillroom.errors import ConfigError, DataError

KIND = "tokens"
LONGEST = 2**16


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEncoder:
    """How a text becomes the input of a text classifier.

    Attributes:
        tokenizer: the tokenizer of the texts.
        classes: the names of the classes; a label is an index into them.
        length: the length of a row in tokens; shorter texts are padded, longer ones truncated.
        before, after: the special ids that the tokenizer puts around a text.
        prompt: is put before each text, and belongs to its tokens; mostly empty.
    """

    tokenizer: Tokenizer
    classes: tuple[str, ...]
    length: int
    before: tuple[int, ...]
    after: tuple[int, ...]
    prompt: str = ""

    @classmethod
    def of(
        cls, tokenizer: Tokenizer, classes: Sequence[str], length: int, prompt: str = ""
    ) -> "TokenEncoder":
        """Return the encoder of a tokenizer.

        Raises:
            ConfigError: the special tokens leave no room for another token.
        """
        before, after = tokenizer.special_affixes()
        around = len(before) + len(after)
        if length <= around:
            raise ConfigError(
                f"data.text.length is {length}, but the tokenizer puts {around} special tokens "
                f"around a text. Set it to at least {around + 1}."
            )
        return cls(
            tokenizer=tokenizer,
            classes=tuple(classes),
            length=length,
            before=tuple(before),
            after=tuple(after),
            prompt=prompt,
        )

    @property
    def kind(self) -> str:
        """The kind of the inputs."""
        return KIND

    @property
    def task(self) -> Literal["classification"]:
        """What a model predicts for a text."""
        return "classification"

    @property
    def outputs(self) -> int:
        """How many classes an output has."""
        return len(self.classes)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one encoded example."""
        return 3, self.length

    def encode(self, frame: pl.DataFrame) -> Sequences:
        """Return [N, 3, length] for the N rows of `frame`, in their order.

        Raises:
            DataError: the rows are not texts, or a text has no token.
        """
        encoded = np.full((frame.height, 3, self.length), NO_TOKEN, dtype=np.int32)
        for row, ids in enumerate(self._ids(frame)):
            tokens = [*self.before, *ids[: self._room], *self.after]
            if not tokens:
                raise DataError(
                    f"Row {row} of the examples has no token. Remove it, or fill in a text."
                )
            encoded[row, TOKENS, : len(tokens)] = tokens
            encoded[row, POSITIONS, : len(tokens)] = np.arange(len(tokens))
        return encoded

    def count_truncated(self, frame: pl.DataFrame) -> int:
        """Return how many rows are truncated."""
        return sum(len(ids) > self._room for ids in self._ids(frame))

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `from_json`, with the hash of the tokenizer."""
        return {
            "kind": KIND,
            "classes": list(self.classes),
            "length": self.length,
            "vocabulary": self.tokenizer.size,
            "tokenizer": self.tokenizer.sha256,
            "before": list(self.before),
            "after": list(self.after),
        } | ({"prompt": self.prompt} if self.prompt else {})

    @classmethod
    def from_json(cls, document: dict[str, Any], tokenizer: Tokenizer) -> "TokenEncoder":
        """Return the encoder of a parsed JSON document.

        Raises:
            DataError: the document does not come from `to_json`, or belongs to another tokenizer.
        """
        length = document.get("length")
        if type(length) is not int or not 1 <= length <= LONGEST:
            raise DataError(
                f"The encoder cannot be used: length must be 1 to {LONGEST}. Run the ingest stage "
                "again."
            )
        prompt, classes = document.get("prompt", ""), checked_classes(document.get("classes"))
        if not isinstance(prompt, str):
            raise DataError("The encoder cannot be used: prompt must be a text. Run ingest again.")
        encoder = cls.of(tokenizer, classes, length, prompt)
        if document != encoder.to_json():
            raise DataError(
                f"The encoder was made with the tokenizer {str(document.get('tokenizer'))[:12]}, "
                f"but the tokenizer beside it is {tokenizer.sha256[:12]}. Run the ingest stage "
                "again."
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
        texts = [f"{self.prompt}{text}" for text in frame["text"].to_list()]
        return [encoding.ids for encoding in self.tokenizer.encode(texts)]
