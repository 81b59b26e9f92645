"""The sequence encoder: packs of tokens in, the inputs and labels of a language model out.

    tokens, starts of documents ──> [N, 3, length] int32: tokens, positions, labels

A pack holds pieces of documents, or conversations, one after the other. The position of a token
counts from the start of its piece, so that attention can stay within the piece. The label of a
position is the token to predict: the next one in the piece, or the one that was masked; `NO_LABEL`
if there is none. Of a conversation only some tokens are learnt, so that only these are labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.config.tokenizer_files import CHAT_TEMPLATE, TOOL_TEMPLATE
from stillroom.data.text.token_layout import LABELS, NO_TOKEN, POSITIONS, TOKENS, Sequences
from stillroom.data.text.tokenizer import Tokenizer
from stillroom.data.views.token_masks import SHARE, Masks
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_bytes
from stillroom.no_label import NO_LABEL

KIND = "sequence"
CONTENT = {"tokens": pl.List(pl.Int32()), "starts": pl.List(pl.Int32())}
LEARNT = "learnt"  # list of booleans, one for each token; only conversations have the column
Arguments = Mapping[str, str | int | float | bool]
Task = Literal["next_token", "masked_token"]
TEMPLATE_FILES = {"chat_template": CHAT_TEMPLATE, "tool_template": TOOL_TEMPLATE}


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceEncoder:
    """How a pack of tokens becomes the input of a language model.

    Attributes:
        tokenizer: the tokenizer of the tokens.
        task: what the model predicts: the next token, or masked tokens.
        length: the length of a sequence in tokens; shorter ones are padded.
        mask_share, mask_seed: the share of tokens that are masked, and the seed of the choice.
        chat_template: how conversations were rendered, in Jinja; None for other texts.
        tool_template: how those with tools were, if that is another template.
        template_arguments: the arguments that the template was given.
    """

    tokenizer: Tokenizer
    task: Task
    length: int
    mask_share: float = SHARE
    mask_seed: int = 0
    chat_template: str | None = None
    tool_template: str | None = None
    template_arguments: Arguments = field(default_factory=dict, hash=False)

    @property
    def kind(self) -> str:
        """The kind of the inputs."""
        return KIND

    @property
    def classes(self) -> tuple[str, ...]:
        """No classes: the outputs are tokens of a vocabulary."""
        return ()

    @property
    def outputs(self) -> int:
        """How many tokens an output has."""
        return self.tokenizer.size

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one encoded example."""
        return 3, self.length

    @property
    def is_masked(self) -> bool:
        """Whether the model predicts masked tokens."""
        return self.task == "masked_token"

    @property
    def max_labels(self) -> int:
        """The largest number of labelled positions in a sequence."""
        return max(1, int(self.mask_share * self.length + 0.5)) if self.is_masked else self.length

    def masks(self, count: int = 0) -> Masks:
        """Return the masks of sequences, with `count` views of each training sequence.

        Raises:
            DataError: the tokenizer has no mask token.
        """
        tokenizer = self.tokenizer
        if tokenizer.mask is None:
            raise DataError(
                f"The tokenizer {tokenizer.sha256[:12]} has no mask token, which masked tokens "
                "need. Set mask_token in its tokenizer_config.json."
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

        The masked tokens are those of view 0, which depends on `example_id`.

        Raises:
            DataError: the rows are not packs, or hold tokens that the tokenizer does not have.
        """
        tokens, starts = self._columns(frame)
        lengths = tokens.list.len().to_numpy().astype(np.int64)
        flat = tokens.explode(empty_as_null=False).to_numpy()
        self._check(lengths, flat)
        encoded = np.full((frame.height, 3, self.length), NO_TOKEN, dtype=np.int32)
        inside = np.arange(self.length) < lengths[:, None]
        encoded[:, TOKENS][inside] = flat
        encoded[:, POSITIONS] = _positions(starts, self.length)
        encoded[:, POSITIONS][~inside] = NO_TOKEN
        if self.is_masked:
            return self.masks().apply(encoded, self._keys(frame), 0)
        follows = encoded[:, POSITIONS, 1:] == encoded[:, POSITIONS, :-1] + 1
        follows &= inside[:, 1:]
        if LEARNT in frame.columns:
            follows &= self._learnt(frame, lengths)[:, 1:]
        encoded[:, LABELS, :-1] = np.where(follows, encoded[:, TOKENS, 1:], NO_LABEL)
        return encoded

    def to_json(self) -> dict[str, Any]:
        """Return plain values for `from_json`, with the hash of the tokenizer."""
        hidden = {"mask_share": self.mask_share, "mask_seed": self.mask_seed}
        arguments = {"template_arguments": dict(self.template_arguments)}
        return {
            "kind": KIND,
            "task": self.task,
            "length": self.length,
            "vocabulary": self.outputs,
            "tokenizer": self.tokenizer.sha256,
            **(hidden if self.is_masked else {}),
            **{name: sha256_bytes(text.encode()) for name, text in self.templates.items()},
            **(arguments if self.template_arguments else {}),
        }

    @property
    def templates(self) -> dict[str, str]:
        """The chat templates that there are, by the names of their fields."""
        fields = {"chat_template": self.chat_template, "tool_template": self.tool_template}
        return {name: text for name, text in fields.items() if text is not None}

    @classmethod
    def from_json(
        cls, document: dict[str, Any], tokenizer: Tokenizer, templates: Mapping[str, str]
    ) -> "SequenceEncoder":
        """Return the encoder of a parsed JSON document.

        Args:
            document: of `to_json`.
            tokenizer: the one beside it.
            templates: the chat templates beside it, by the names of their fields.

        Raises:
            DataError: the document does not come from `to_json`, or belongs to another tokenizer
                or chat template.
        """
        task, length = document.get("task"), document.get("length")
        if task not in ("next_token", "masked_token") or type(length) is not int or length < 2:
            raise DataError(
                "The encoder cannot be used: its task or its length is missing. Run the ingest "
                "stage again."
            )
        encoder = cls(
            tokenizer=tokenizer,
            task=task,
            length=length,
            chat_template=templates.get("chat_template") if "chat_template" in document else None,
            tool_template=templates.get("tool_template") if "tool_template" in document else None,
            template_arguments=_arguments(document),
            **_hidden(document),
        )
        for name, file in TEMPLATE_FILES.items():
            if encoder.to_json().get(name) != document.get(name):
                raise DataError(
                    f"The encoder was made with another chat template than the file {file} "
                    "beside it, or that is missing. Run the ingest stage again."
                )
        if document != encoder.to_json():
            raise DataError(
                f"The encoder was made with the tokenizer {str(document.get('tokenizer'))[:12]}, "
                f"but the tokenizer beside it is {tokenizer.sha256[:12]}. Run the ingest stage "
                "again."
            )
        return encoder

    def _columns(self, frame: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        if any(frame.schema.get(name) != kind for name, kind in CONTENT.items()):
            raise DataError(
                f"The encoder needs the columns tokens and starts; given: {frame.schema}. "
                "Run the ingest stage again."
            )
        return frame["tokens"], frame["starts"]

    def _learnt(self, frame: pl.DataFrame, lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return [N, length]: whether each token is learnt."""
        marks = frame[LEARNT]
        if marks.dtype != pl.List(pl.Boolean()) or (marks.list.len() != lengths).any():
            raise DataError(
                f"The column {LEARNT} must have one boolean for each token; given: {marks.dtype}. "
                "Run the ingest stage again."
            )
        learnt = np.zeros((frame.height, self.length), dtype=np.bool_)
        learnt[np.arange(self.length) < lengths[:, None]] = marks.explode(
            empty_as_null=False
        ).to_numpy()
        return learnt

    def _keys(self, frame: pl.DataFrame) -> list[bytes]:
        if frame.schema.get("example_id") != pl.Binary():
            raise DataError(
                "The encoder masks tokens by the column example_id, which is missing; given: "
                f"{frame.schema}. Run the ingest stage again."
            )
        return frame["example_id"].to_list()

    def _check(self, lengths: NDArray[np.int64], flat: NDArray[Any]) -> None:
        wrong = (lengths > self.length) | (lengths == 0)
        if wrong.any():
            row = int(wrong.argmax())
            raise DataError(
                f"Row {row} of the examples holds {lengths[row]} tokens, but the encoder takes 1 "
                f"to {self.length}. Run the ingest stage, then the stages after it."
            )
        if flat.min(initial=0) < 0 or flat.max(initial=0) >= self.outputs:
            raise DataError(
                f"The examples hold the token {flat.max()}, but the tokenizer has only "
                f"{self.outputs} tokens. Run the ingest stage, then the stages after it."
            )


def _arguments(document: dict[str, Any]) -> Arguments:
    """Return the arguments of the template; only plain values can be arguments."""
    given = document.get("template_arguments", {})
    is_plain = isinstance(given, dict) and all(
        isinstance(value, str | int | float) for value in given.values()
    )
    return given if is_plain else {}


def _hidden(document: dict[str, Any]) -> dict[str, Any]:
    """Return the mask settings of a document; {} if they are missing or invalid."""
    share, seed = document.get("mask_share"), document.get("mask_seed")
    if type(share) is not float or not 0 < share < 1 or type(seed) is not int or seed < 0:
        return {}
    return {"mask_share": share, "mask_seed": seed}


def _positions(starts: pl.Series, length: int) -> NDArray[np.int32]:
    """Return [N, length]: the distance of each column from the start of its piece."""
    piece_starts = np.zeros((len(starts), length), dtype=np.int32)
    rows = np.repeat(np.arange(len(starts)), starts.list.len().to_numpy())
    places = starts.explode(empty_as_null=False).to_numpy()
    piece_starts[rows, places] = places
    return np.arange(length, dtype=np.int32) - np.maximum.accumulate(piece_starts, axis=1)
