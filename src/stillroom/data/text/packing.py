"""Packing: documents as tokens in, packs of pieces out.

    tokens of a document ──cut to fill the pack──> pieces ──one after the other──> Pack, Pack, …

Packs are filled in the order of the documents, so a new document at the end changes only the last
pack. A document that does not fit continues in the next pack, as a new piece that starts with the
special tokens that begin a text.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stillroom.data.example_ids import KEY_BYTES
from stillroom.data.text.tokenizer import Encoding, Ids

_PERSON = b"stillroom.pack.1"
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pack:
    """A sequence of tokens.

    Attributes:
        tokens: the token ids; their number is at most the length of a sequence.
        starts: the index of the first token of each piece that attends to nothing before it; the
            first one is 0.
        text_bytes: the UTF-8 bytes of the text of the next-token labels.
        labels: how many tokens have a next token within their piece, which is learnt.
        learnt: whether each token is learnt; None if all are.
        turn_ends: of conversations, the number of tokens up to the end of each learnt turn.
        references: of conversations, what the last answer of each piece is checked against.
    """

    tokens: Ids
    starts: Ids
    text_bytes: int
    labels: int
    learnt: NDArray[np.bool_] | None = None
    turn_ends: Ids | None = None
    references: tuple[str | None, ...] = ()

    def key(self, tokenizer: str) -> bytes:
        """Return the key of the pack, 16 bytes, for the hash of its tokenizer."""
        message = hashlib.blake2b(tokenizer.encode(), digest_size=KEY_BYTES, person=_PERSON)
        message.update(struct.pack("<Q", len(self.starts)))
        message.update(self.starts.astype("<i4").tobytes())
        message.update(self.tokens.astype("<i4").tobytes())
        if self.learnt is not None:
            message.update(self.learnt.astype(np.uint8).tobytes())
        return message.digest()


@dataclass(frozen=True, slots=True)
class SequenceFormat:
    """The format of a sequence.

    Attributes:
        length: the largest number of tokens in a pack.
        before, after: special ids around each piece.
        end: special ids after the last token of a document.
        is_apart: whether a piece attends to nothing before it.
    """

    length: int
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    is_apart: bool = True

    @property
    def affix_count(self) -> int:
        """How many tokens of a piece are special ids around it."""
        return len(self.before) + len(self.after)

    @property
    def shortest(self) -> int:
        """The fewest tokens that a piece needs: its special ids, a token, and the next token."""
        return self.affix_count + 2


@dataclass(frozen=True, slots=True)
class EncodedText:
    """A document: its text, and its tokens."""

    text: str
    encoded: Encoding


@dataclass(slots=True)
class Packer:
    """A packer of one stream of documents; it holds the pack that is not full yet.

    Attributes:
        format: the format of a sequence.
    """

    format: SequenceFormat
    _tokens: list[Ids] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _size: int = 0
    _bytes: int = 0
    _labels: int = 0

    def add(self, document: EncodedText) -> Iterator[Pack]:
        """Add a document; yield the packs that it fills."""
        encoded, sizes = document.encoded, _byte_offsets(document.text)
        of_text, end = encoded.ids, np.array(self.format.end, dtype=np.int32)
        content = np.concatenate([of_text, end])
        at = 0
        while at < len(content):
            if self.format.length - self._size < self.format.shortest:
                yield from self.flush()
            to = min(len(content), at + self.format.length - self._size - self.format.affix_count)
            # If no special token precedes it, the first token of a piece is not a label.
            first = at if self.format.before else at + 1
            self._take(content[at:to], _span(encoded, sizes, first, min(to, len(of_text))))
            at = to

    def flush(self) -> Iterator[Pack]:
        """Yield the pack that is not full yet, if it has a label."""
        if self._labels:
            yield Pack(
                np.concatenate(self._tokens),
                np.array(self._starts if self.format.is_apart else [0], dtype=np.int32),
                self._bytes,
                self._labels,
            )
        self._tokens, self._starts = [], []
        self._size = self._bytes = self._labels = 0

    def _take(self, content: Ids, size: int) -> None:
        before, after = (
            np.array(ids, dtype=np.int32) for ids in (self.format.before, self.format.after)
        )
        piece = np.concatenate([before, content, after])
        joins = bool(self._size) and not self.format.is_apart
        self._starts.append(self._size)
        self._tokens.append(piece)
        self._size += len(piece)
        self._bytes += size
        self._labels += len(piece) - 1 + joins


def _byte_offsets(text: str) -> Integers:
    """Return [characters + 1]: the number of UTF-8 bytes before each character."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    sizes = 1 + (points >= 0x80) + (points >= 0x800) + (points >= 0x10000)
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _span(encoded: Encoding, offsets: Integers, first: int, last: int) -> int:
    """Return how many bytes of the text belong to the tokens from `first` to `last` - 1."""
    if first >= last:
        return 0
    return int(offsets[encoded.ends[last - 1]] - offsets[encoded.starts[first]])
