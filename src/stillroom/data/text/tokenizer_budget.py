"""The budget of a tokenizer: what its tokenizer.json may hold, and what it may do to a text.

    parsed tokenizer.json ──require_affordable──> nothing, or one line that names what is too much

The bounds are several times those of the largest tokenizers in use: 901,629 tokens (XLM-V), files
of 40 MB, tokens of a few hundred characters.
"""

import re
from collections.abc import Iterator
from math import prod
from typing import Any

from stillroom.errors import DataError

MOST_BYTES = 128 * 2**20
MOST_TOKENS = 2**21
MOST_ADDED = 2**16  # the library takes a minute for a million
MOST_PARTS = 1000  # of a list in a post-processor, which puts them around each text
LONGEST_TOKEN = 2**14  # characters
LONGEST_WORD = 10_000  # characters that WordPiece looks at, in quadratic time
MOST_GROWTH = 100
SPARE_IDS = 2**16  # a vocabulary may be padded; each unused id costs a row of each output layer


def require_affordable(definition: Any, name: object) -> None:
    """Refuse a tokenizer that needs too much memory or time.

    Args:
        definition: a parsed tokenizer.json.
        name: the file, for the error.

    Raises:
        DataError: the document is not a tokenizer, or goes beyond a bound.
    """
    if not isinstance(definition, dict) or not isinstance(definition.get("model"), dict):
        raise DataError(f"{name} is not a tokenizer (it has no model). Replace it.")
    tokens = dict(_tokens(definition))
    size = max(tokens.values(), default=-1) + 1
    longest = max(map(len, tokens), default=0)
    if not tokens:
        raise DataError(f"{name} is not a tokenizer (it has no token). Replace it.")
    _require(name, "tokens", len(tokens), MOST_TOKENS)
    _require(name, "added tokens", len(definition.get("added_tokens") or []), MOST_ADDED)
    parts = max(_list_sizes(definition.get("post_processor")), default=0)
    _require(name, "entries in a list of its post_processor", parts, MOST_PARTS)
    _require(name, "as the largest id", size - 1, 2 * len(tokens) + SPARE_IDS)
    _require(name, "characters in its longest token", longest, LONGEST_TOKEN)
    word = definition["model"].get("max_input_chars_per_word", 0)
    _require(name, "as max_input_chars_per_word", word, LONGEST_WORD)
    for step in ("normalizer", "decoder"):
        growth = prod(map(_growth, _replacements(definition.get(step))))
        _require(name, f"as the factor by which its {step} lengthens a text", growth, MOST_GROWTH)


def patterns(document: Any) -> Iterator[str]:
    """Yield the regular expressions of a parsed tokenizer.json."""
    if isinstance(document, dict):
        if isinstance(document.get("Regex"), str):
            yield document["Regex"]
        document = list(document.values())
    if isinstance(document, list):
        for one in document:
            if isinstance(one, dict | list):
                yield from patterns(one)


def _tokens(definition: dict[str, Any]) -> Iterator[tuple[str, int]]:
    vocabulary = definition["model"].get("vocab")
    if isinstance(vocabulary, dict):
        yield from ((token, id_) for token, id_ in vocabulary.items() if type(id_) is int)
    elif isinstance(vocabulary, list):  # Unigram: [[token, score], …]
        yield from ((str(entry[0]), id_) for id_, entry in enumerate(vocabulary) if entry)
    for token in definition.get("added_tokens") or []:
        if isinstance(token, dict) and type(token.get("id")) is int:
            yield str(token.get("content")), token["id"]


def _list_sizes(document: Any) -> Iterator[int]:
    """Yield the length of each list in a parsed document."""
    if isinstance(document, dict):
        document = list(document.values())
    elif isinstance(document, list):
        yield len(document)
    if isinstance(document, list):
        for one in document:
            yield from _list_sizes(one)


def _replacements(step: Any) -> Iterator[dict[str, Any]]:
    """Yield the replacements in a normaliser or decoder, with those in sequences."""
    if not isinstance(step, dict):
        return
    if step.get("type") in ("Replace", "Prepend"):
        yield step
    for name in ("normalizers", "decoders"):
        for one in step.get(name) or []:
            yield from _replacements(one)


def _growth(replacement: dict[str, Any]) -> float:
    """Return how many characters a replacement makes of one, at most."""
    if replacement["type"] == "Prepend":  # once a text
        return max(1.0, len(str(replacement.get("prepend", ""))) / LONGEST_TOKEN)
    pattern, content = replacement.get("pattern"), len(str(replacement.get("content", "")))
    given = pattern if isinstance(pattern, dict) else {}
    shortest = len(given["String"]) if isinstance(given.get("String"), str) else 1
    is_empty = not shortest or _may_be_empty(given.get("Regex"))
    return 1.0 + content if is_empty else max(1.0, content / shortest)


def _may_be_empty(pattern: Any) -> bool:
    if not isinstance(pattern, str):
        return False
    try:
        return re.compile(pattern).search("") is not None
    except re.error:  # Oniguruma knows more than Python
        return False


def _require(name: object, what: str, given: float, most: float) -> None:
    if not isinstance(given, int | float) or given > most:
        raise DataError(
            f"{name} has {given:,.12g} {what}; at most {most:,.12g} is allowed. Replace it."
        )
