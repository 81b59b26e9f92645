"""Tokenizers: a tokenizer.json in, token ids and the hash of the tokenizer out.

folder ──read_tokenizer──> Tokenizer ──encode──> ids, and the range of characters of each

The hash of a tokenizer covers only what decides the ids of a text: not the formatting of the file,
and not its settings for padding or truncation. Two tokenizers are equal if their hashes and their
special tokens are equal.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.config.tokenizer_files import CONFIG, DEFINITION
from stillroom.errors import DataError
from stillroom.io.files.atomic_file import write_text
from stillroom.io.files.hashing import sha256_json
from stillroom.io.json.json_files import read_json, write_json

if TYPE_CHECKING:
    import tokenizers

# The fields of a tokenizer.json that decide the ids of a text.
ID_FIELDS = ("added_tokens", "model", "normalizer", "pre_tokenizer")

Ids = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class SpecialTokens:
    """The special tokens, as text; None if the tokenizer has no such token."""

    end: str | None = None
    begin: str | None = None
    padding: str | None = None
    unknown: str | None = None
    mask: str | None = None


# Their names in a tokenizer_config.json.
HUGGING_FACE_NAMES = {
    "end": "eos_token",
    "begin": "bos_token",
    "padding": "pad_token",
    "unknown": "unk_token",
    "mask": "mask_token",
}
# The other fields of a tokenizer_config.json that is written here.
WRITTEN = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text as tokens.

    Attributes:
        ids: [n], the ids of the tokens.
        starts: [n], the offset in the text at which each token starts, in characters.
        ends: [n], the offset at which it ends.
    """

    ids: Ids
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """A tokenizer.

    Attributes:
        definition: the content of its tokenizer.json.
        special: its special tokens.
    """

    definition: str
    special: SpecialTokens

    def __eq__(self, other: object) -> bool:
        """Tell whether every text has the same ids, and the special tokens are equal."""
        if not isinstance(other, Tokenizer):
            return NotImplemented
        return self.sha256 == other.sha256 and self.special == other.special

    def __hash__(self) -> int:
        """Return equal hashes for equal tokenizers."""
        return hash((self.sha256, self.special))

    @property
    def sha256(self) -> str:
        """The hash of the tokenizer: with equal hashes every text has equal ids."""
        return self._sha256

    @cached_property
    def size(self) -> int:
        """How many ids there are: one more than the largest."""
        return max(self._vocabulary.values()) + 1

    @property
    def end(self) -> int | None:
        """The id that ends a text."""
        return self._id(self.special.end)

    @property
    def mask(self) -> int | None:
        """The id of the mask token."""
        return self._id(self.special.mask)

    @property
    def unknown(self) -> int | None:
        """The id for text that the tokenizer does not know."""
        return self._id(self.special.unknown)

    @property
    def padding(self) -> int | None:
        """The padding id."""
        return self._id(self.special.padding)

    @property
    def special_ids(self) -> tuple[int, ...]:
        """The ids of all special tokens, in ascending order."""
        added = json.loads(self.definition).get("added_tokens", [])
        special = {int(token["id"]) for token in added if token.get("special")}
        named = {self._id(getattr(self.special, name)) for name in HUGGING_FACE_NAMES}
        return tuple(sorted(special | {one for one in named if one is not None}))

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Return the tokens of each text, without special ones.

        If a text contains the name of a special token, it counts as plain text.

        Raises:
            DataError: the library panics on a text.
        """
        with panics_refused(f"The tokenizer {self.sha256[:12]} fails on a text"):
            encodings = self._plain.encode_batch(list(texts), add_special_tokens=False)
        return [encoding_of(one) for one in encodings]

    def special_affixes(self) -> tuple[list[int], list[int]]:
        """Return the special ids that the tokenizer puts before and after a text."""
        with panics_refused(f"The tokenizer {self.sha256[:12]} fails on a text"):
            encoding = self._plain.encode("a", add_special_tokens=True)
        inside = [at for at, special in enumerate(encoding.special_tokens_mask) if not special]
        if not inside:
            return [], []
        return encoding.ids[: inside[0]], encoding.ids[inside[-1] + 1 :]

    def id_of(self, token: str) -> int | None:
        """Return the id of a token; None if the tokenizer has no such token."""
        return self._id(token)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some ids, without special tokens."""
        with panics_refused(f"The tokenizer {self.sha256[:12]} fails on ids"):
            return str(self._plain.decode(list(ids), skip_special_tokens=True))

    def _id(self, token: str | None) -> int | None:
        return None if token is None else self._vocabulary.get(token)

    @cached_property
    def _plain(self) -> "tokenizers.Tokenizer":
        tokenizer = _parsed(self.definition)
        tokenizer.no_padding()
        tokenizer.no_truncation()
        tokenizer.encode_special_tokens = True
        return tokenizer

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        return dict(self._plain.get_vocab(with_added_tokens=True))

    @cached_property
    def _sha256(self) -> str:
        document = json.loads(_parsed(self.definition).to_str())
        return sha256_json({name: document.get(name) for name in ID_FIELDS})

    def __getstate__(self) -> dict[str, Any]:
        """Pickle only the definition and the special tokens."""
        return {"definition": self.definition, "special": self.special}


def read_tokenizer(folder: Path) -> Tokenizer:
    """Read the tokenizer of a folder that Stillroom wrote, in Hugging Face's layout.

    It has no bounds: `read_model_tokenizer` and `read_given_tokenizer` read folders of others.

    Raises:
        DataError: there is no tokenizer.json, or it is malformed.
    """
    path = folder / DEFINITION
    try:
        definition = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        slow = sorted(file.name for file in folder.glob("*.model"))
        hint = f" {slow[0]} is a slow tokenizer: save it as a fast one first." if slow else ""
        raise DataError(
            f"{path} does not exist.{hint} Choose a folder with a {DEFINITION}."
        ) from None
    except UnicodeDecodeError as error:
        raise _malformed(path, error) from error
    config = read_json(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    try:
        tokenizer = Tokenizer(definition, special_tokens(config))
        with panics_refused("it is damaged"):
            _ = tokenizer.size, tokenizer.special_ids
    except Exception as error:  # the parser raises bare exceptions
        raise _malformed(path, error) from error
    return tokenizer


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write a tokenizer into a folder, in the format of `transformers`."""
    write_text(folder / DEFINITION, tokenizer.definition)
    named = {
        theirs: getattr(tokenizer.special, ours) for ours, theirs in HUGGING_FACE_NAMES.items()
    }
    config: dict[str, object] = {name: token for name, token in named.items() if token is not None}
    write_json(folder / CONFIG, config | WRITTEN)


def was_written_here(folder: Path) -> bool:
    """Tell whether the tokenizer of a folder has the form that `write_tokenizer` writes.

    Its config names a class that takes the tokenizer.json as it is, and nothing beyond that. This
    is what the folder says of itself: it is a matter of conversion, and no reason for trust.
    """
    if not (folder / DEFINITION).is_file() or not (folder / CONFIG).is_file():
        return False
    try:
        config = read_json(folder / CONFIG)
    except DataError:  # the reader of others' folders reports it
        return False
    if not isinstance(config, dict) or config.keys() & WRITTEN.keys() != WRITTEN.keys():
        return False
    names = {name: token for name, token in config.items() if name not in WRITTEN}
    return (
        all(config[name] == value for name, value in WRITTEN.items())
        and names.keys() <= set(HUGGING_FACE_NAMES.values())
        and all(isinstance(token, str) for token in names.values())
    )


def special_tokens(config: object) -> SpecialTokens:
    """Return the special tokens of a config; each is text, or an object with `content`."""
    tokens: dict[str, str] = {}
    for ours, theirs in HUGGING_FACE_NAMES.items():
        value = config.get(theirs) if isinstance(config, dict) else None
        token = value.get("content") if isinstance(value, dict) else value
        if isinstance(token, str):
            tokens[ours] = token
    return SpecialTokens(**tokens)


def _parsed(definition: str) -> "tokenizers.Tokenizer":
    import tokenizers

    return tokenizers.Tokenizer.from_str(definition)


@contextmanager
def panics_refused(what: str) -> Iterator[None]:
    """Turn a panic of the library, which is no `Exception`, into an error."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        reason = " ".join(str(error).split())[:120]
        raise DataError(f"{what} ({reason}). Choose another tokenizer.") from error


def encoding_of(encoding: "tokenizers.Encoding") -> Encoding:
    """Return the tokens that the library made of a text."""
    spans = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
    return Encoding(np.array(encoding.ids, dtype=np.int32), spans[:, 0], spans[:, 1])


def _malformed(path: Path, error: Exception) -> DataError:
    reason = " ".join(str(error).split())[:120]
    return DataError(f"{path} is not a tokenizer ({reason}). Replace it.")
