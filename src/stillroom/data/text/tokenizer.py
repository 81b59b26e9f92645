"""Tokenizers: a tokenizer.json in, token ids and which tokenizer it is out.

folder ──read_tokenizer──> Tokenizer ──encode──> ids, and the characters that each stands for

Two tokenizers are the same where every text gives the same ids, which is what their hash covers:
not how a file is formatted, and not what it says of padding or truncation.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.io.files.atomic import write_text
from stillroom.io.files.hashing import sha256_json
from stillroom.io.json.json_files import read_json, write_json

if TYPE_CHECKING:
    import tokenizers

DEFINITION, CONFIG = "tokenizer.json", "tokenizer_config.json"
# What decides which ids a text gets.
DECIDING = ("added_tokens", "model", "normalizer", "pre_tokenizer")

Ids = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Special:
    """Tokens that stand for no text, as they are written; None where there is none."""

    end: str | None = None
    begin: str | None = None
    padding: str | None = None
    unknown: str | None = None
    mask: str | None = None


# What Hugging Face calls them.
NAMES = {
    "end": "eos_token",
    "begin": "bos_token",
    "padding": "pad_token",
    "unknown": "unk_token",
    "mask": "mask_token",
}


@dataclass(frozen=True, slots=True)
class Encoded:
    """A text as tokens.

    Attributes:
        ids: [n].
        ends: [n], where in the text each token ends, in characters.
        starts: [n], where it starts.
    """

    ids: Ids
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Tokenizer:
    """A tokenizer.

    Attributes:
        definition: the text of its tokenizer.json.
        special: its special tokens.
    """

    definition: str
    special: Special

    def __eq__(self, other: object) -> bool:
        """Tell whether every text gets the same ids, and the special tokens mean the same."""
        if not isinstance(other, Tokenizer):
            return NotImplemented
        return self.sha256 == other.sha256 and self.special == other.special

    def __hash__(self) -> int:
        """Agree with `==`."""
        return hash((self.sha256, self.special))

    @property
    def sha256(self) -> str:
        """Which tokenizer it is: equal hashes give every text equal ids."""
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
        """The id that stands for a hidden token."""
        return self._id(self.special.mask)

    @property
    def unknown(self) -> int | None:
        """The id that stands for text that the tokenizer does not know."""
        return self._id(self.special.unknown)

    @property
    def padding(self) -> int | None:
        """The id that fills a row up."""
        return self._id(self.special.padding)

    @property
    def special_ids(self) -> tuple[int, ...]:
        """Every id that stands for no text, rising."""
        added = json.loads(self.definition).get("added_tokens", [])
        found = {int(token["id"]) for token in added if token.get("special")}
        named = {self._id(getattr(self.special, name)) for name in NAMES}
        return tuple(sorted(found | {one for one in named if one is not None}))

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of each text, without special ones.

        A special token that is written out in a text is text.
        """
        found = self._plain.encode_batch(list(texts), add_special_tokens=False)
        return [_encoded(one) for one in found]

    def around(self) -> tuple[list[int], list[int]]:
        """Return the special ids that the tokenizer itself puts before and after a text."""
        found = self._plain.encode("a", add_special_tokens=True)
        inside = [at for at, special in enumerate(found.special_tokens_mask) if not special]
        if not inside:
            return [], []
        return found.ids[: inside[0]], found.ids[inside[-1] + 1 :]

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of some ids, special tokens left out."""
        return str(self._plain.decode(list(ids), skip_special_tokens=True))

    def _id(self, token: str | None) -> int | None:
        return None if token is None else self._vocabulary.get(token)

    @cached_property
    def _plain(self) -> "tokenizers.Tokenizer":
        found = _parsed(self.definition)
        found.no_padding()
        found.no_truncation()
        found.encode_special_tokens = True
        return found

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        return dict(self._plain.get_vocab(with_added_tokens=True))

    @cached_property
    def _sha256(self) -> str:
        document = json.loads(_parsed(self.definition).to_str())
        return sha256_json({name: document.get(name) for name in DECIDING})

    def __getstate__(self) -> dict[str, Any]:
        """Travel as what was given."""
        return {"definition": self.definition, "special": self.special}


def read_tokenizer(folder: Path) -> Tokenizer:
    """Read the tokenizer of a folder in Hugging Face's layout.

    Raises:
        DataError: there is no tokenizer.json, or it is malformed.
    """
    path = folder / DEFINITION
    try:
        definition = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        slow = sorted(found.name for found in folder.glob("*.model"))
        hint = f" {slow[0]} is of a slow one: save it as a fast one first." if slow else ""
        raise DataError(
            f"{path} does not exist.{hint} Name a folder with a {DEFINITION}."
        ) from None
    except UnicodeDecodeError as error:
        raise _malformed(path, error) from error
    config = read_json(folder / CONFIG) if (folder / CONFIG).is_file() else {}
    try:
        found = Tokenizer(definition, _special(config if isinstance(config, dict) else {}))
        _ = found.size, found.special_ids
    except Exception as error:  # the parser's errors are bare ones, of text by others
        raise _malformed(path, error) from error
    return found


def write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write a tokenizer into a folder, so that `transformers` reads it too."""
    write_text(folder / DEFINITION, tokenizer.definition)
    named = {theirs: getattr(tokenizer.special, ours) for ours, theirs in NAMES.items()}
    config: dict[str, object] = {name: token for name, token in named.items() if token is not None}
    config |= {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    write_json(folder / CONFIG, config)


def _special(config: dict[str, Any]) -> Special:
    """Return the special tokens that a config names, as text or as an object with `content`."""
    found: dict[str, str] = {}
    for ours, theirs in NAMES.items():
        given = config.get(theirs)
        token = given.get("content") if isinstance(given, dict) else given
        if isinstance(token, str):
            found[ours] = token
    return Special(**found)


def _parsed(definition: str) -> "tokenizers.Tokenizer":
    import tokenizers

    return tokenizers.Tokenizer.from_str(definition)


def _encoded(found: "tokenizers.Encoding") -> Encoded:
    spans = np.array(found.offsets, dtype=np.int64).reshape(-1, 2)
    return Encoded(np.array(found.ids, dtype=np.int32), spans[:, 0], spans[:, 1])


def _malformed(path: Path, error: Exception) -> DataError:
    reason = " ".join(str(error).split())[:120]
    return DataError(f"{path} is not a tokenizer ({reason}). Replace it.")
