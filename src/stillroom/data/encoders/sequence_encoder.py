"""The sequence encoder: packs of tokens in, what a language model sees and is asked out.

    tokens, starts of documents ──> [N, 3, length] int32: tokens, positions, labels

A pack holds pieces of documents one after the other. A token's position is counted from the start
of its piece, so that attention can be kept within it. A label is what is to be said of a position:
the token that follows within the piece, or the one that was hidden there; -1 where nothing is
asked, and where there is no token.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.text.token_layout import LABELS, NONE, POSITIONS, TOKENS, Sequences
from stillroom.data.text.tokenizer import Tokenizer
from stillroom.data.views.token_masks import SHARE, Masks
from stillroom.errors import DataError

KIND = "sequence"
CONTENT = {"tokens": pl.List(pl.Int32()), "starts": pl.List(pl.Int32())}
Task = Literal["next_token", "masked_token"]

__all__ = ["LABELS", "NONE", "POSITIONS", "TOKENS", "SequenceEncoder", "Sequences", "Task"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceEncoder:
    """How a pack of tokens becomes what a language model sees.

    Attributes:
        tokenizer: whose tokens they are.
        task: what is asked: the next token, or tokens that were hidden.
        length: of a sequence, in tokens; shorter ones are filled up.
        mask_share, mask_seed: how much is hidden of a sequence, and the seed of where.
    """

    tokenizer: Tokenizer
    task: Task
    length: int
    mask_share: float = SHARE
    mask_seed: int = 0

    @property
    def kind(self) -> str:
        """What the inputs are."""
        return KIND

    @property
    def classes(self) -> tuple[str, ...]:
        """No names: an answer is over a vocabulary."""
        return ()

    @property
    def outputs(self) -> int:
        """How many tokens an answer spans."""
        return self.tokenizer.size

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one encoded example."""
        return 3, self.length

    @property
    def is_masked(self) -> bool:
        """Whether what is asked of a sequence is what was hidden of it."""
        return self.task == "masked_token"

    @property
    def most_asked(self) -> int:
        """How many places of a sequence are asked, at most."""
        return max(1, int(self.mask_share * self.length + 0.5)) if self.is_masked else self.length

    def masks(self, count: int = 0) -> Masks:
        """Return what hides tokens, in so many views of each training sequence.

        Raises:
            DataError: the tokenizer has no mask token.
        """
        tokenizer = self.tokenizer
        if tokenizer.mask is None:
            raise DataError(
                f"the tokenizer {tokenizer.sha256[:12]} has no mask token, and nothing can stand "
                "for what is hidden. Name it as mask_token in tokenizer_config.json."
            )
        return Masks(
            share=self.mask_share,
            seed=self.mask_seed,
            mask=tokenizer.mask,
            special=tokenizer.special_ids,
            unknown=tokenizer.unknown,
            vocabulary=tokenizer.size,
            count=count,
        )

    def encode(self, frame: pl.DataFrame) -> Sequences:
        """Return [N, 3, length] for the N rows of `frame`, in their order.

        Tokens that are asked for are hidden as in view 0, which follows from `example_id`.

        Raises:
            DataError: the rows are no packs, or hold other tokens than the tokenizer has.
        """
        tokens, starts = self._columns(frame)
        lengths = tokens.list.len().to_numpy().astype(np.int64)
        flat = tokens.explode(empty_as_null=False).to_numpy()
        self._check(lengths, flat)
        encoded = np.full((frame.height, 3, self.length), NONE, dtype=np.int32)
        inside = np.arange(self.length) < lengths[:, None]
        encoded[:, TOKENS][inside] = flat
        encoded[:, POSITIONS] = _positions(starts, self.length)
        encoded[:, POSITIONS][~inside] = NONE
        if self.is_masked:
            return self.masks().apply(encoded, self._keys(frame), 0)
        follows = encoded[:, POSITIONS, 1:] == encoded[:, POSITIONS, :-1] + 1
        follows &= inside[:, 1:]
        encoded[:, LABELS, :-1] = np.where(follows, encoded[:, TOKENS, 1:], NONE)
        return encoded

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `from_json` takes back; of the tokenizer its hash."""
        hidden = {"mask_share": self.mask_share, "mask_seed": self.mask_seed}
        return {
            "kind": KIND,
            "task": self.task,
            "length": self.length,
            "vocabulary": self.outputs,
            "tokenizer": self.tokenizer.sha256,
            **(hidden if self.is_masked else {}),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any], tokenizer: Tokenizer) -> "SequenceEncoder":
        """Return the encoder of a parsed JSON document.

        Raises:
            DataError: the document is not one that `to_json` gives, or of another tokenizer.
        """
        task, length = document.get("task"), document.get("length")
        if task not in ("next_token", "masked_token") or type(length) is not int or length < 2:
            raise DataError(
                "The encoder cannot be used: it has no task and length. Run the ingest stage again."
            )
        encoder = cls(tokenizer=tokenizer, task=task, length=length, **_hidden(document))
        if document != encoder.to_json():
            raise DataError(
                f"The encoder was made with the tokenizer {str(document.get('tokenizer'))[:12]}, "
                f"and beside it lies {tokenizer.sha256[:12]}. Run the ingest stage again."
            )
        return encoder

    def _columns(self, frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        if any(frame.schema.get(name) != kind for name, kind in CONTENT.items()):
            raise DataError(
                f"The encoder needs the columns tokens and starts; given: {frame.schema}. "
                "Run the ingest stage again."
            )
        return frame["tokens"], frame["starts"]

    def _keys(self, frame: pl.DataFrame) -> list[bytes]:
        if frame.schema.get("example_id") != pl.Binary():
            raise DataError(
                "The encoder hides tokens by the column example_id, and there is none: given "
                f"{frame.schema}. Run the ingest stage again."
            )
        return frame["example_id"].to_list()

    def _check(self, lengths: NDArray[np.int64], flat: NDArray[Any]) -> None:
        wrong = (lengths > self.length) | (lengths == 0)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"Row {row} of the examples holds {lengths[row]} tokens, and the encoder was made "
                f"for 1 to {self.length}. Run the ingest stage, then the stages after it."
            )
        if flat.min(initial=0) < 0 or flat.max(initial=0) >= self.outputs:
            raise DataError(
                f"The examples hold the token {flat.max()}, and the tokenizer has {self.outputs}. "
                "Run the ingest stage, then the stages after it."
            )


def _hidden(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a document says of masks, if anything; what it must not say is left out."""
    share, seed = document.get("mask_share"), document.get("mask_seed")
    if type(share) is not float or not 0 < share < 1 or type(seed) is not int or seed < 0:
        return {}
    return {"mask_share": share, "mask_seed": seed}


def _positions(starts: pl.Series, length: int) -> NDArray[np.int32]:
    """Return [N, length]: how far each place is from the start before it."""
    begun = np.zeros((len(starts), length), dtype=np.int32)
    rows = np.repeat(np.arange(len(starts)), starts.list.len().to_numpy())
    places = starts.explode(empty_as_null=False).to_numpy()
    begun[rows, places] = places
    return np.arange(length, dtype=np.int32) - np.maximum.accumulate(begun, axis=1)
