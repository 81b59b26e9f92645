"""Card: the README.md beside a model in, the licences that its front matter names out.

    README.md ──first bytes──> text between two lines of `---` ──YAML events──> licences

The file is anybody's. It is read up to a bound, and its YAML is walked event by event and never
built: no alias is followed, no tag is obeyed, every value stays the text that it is.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from stillroom.errors import DataError

CARD = "README.md"
MOST_BYTES = 2 << 20  # of a front matter; some cards hold thousands of scores
DEEPEST = 64  # nested collections: YAML scanners take the square of how many are open
MOST_LICENCES = 8
LONGEST = 100  # characters of a value that are kept
FENCE = "---"
LICENCE, NAME = "license", "license_name"  # as the Hub has them
ELSEWHERE = ("other", "unknown")  # the name says more, where there is one
NULLS = ("", "~", "null")


def read_licences(model: Path) -> tuple[str, ...] | None:
    """Return what the card of a model says of its licence: no text, one, or several.

    Args:
        model: a folder, or a file such as a GGUF, beside which a card may lie.

    Returns:
        None where there is no card.

    Raises:
        DataError: it is no plain file, its front matter is too large, or is no YAML.
    """
    path = (model if model.is_dir() else model.parent) / CARD
    if not os.path.lexists(path):
        return None
    found = _values(_front_matter(path), path)
    named = found.get(LICENCE, ())
    if len(named) == 1 and named[0].lower() in ELSEWHERE:
        return found.get(NAME, ())
    return named


def _front_matter(path: Path) -> str:
    """Return the text between the first line and the next that are `---`, or nothing."""
    if not path.is_file():  # a device or a pipe could be read for ever
        raise DataError(f"{path} is no plain file. Put the model's card itself there.")
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES)
    lines = content.decode("utf-8-sig", errors="replace").splitlines()
    if not lines or lines[0].rstrip() != FENCE:
        return ""
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == FENCE:
            return "\n".join(lines[1:number])
    raise DataError(
        f"{path} begins with a front matter that does not end within {MOST_BYTES:,} bytes. Mend it."
    )


def _values(text: str, path: Path) -> dict[str, tuple[str, ...]]:
    """Return the texts under each wanted key at the top, those of a list as several."""
    found: dict[str, tuple[str, ...]] = {}
    try:
        for key, values in _entries(text):
            if key in (LICENCE, NAME):
                if key in found:
                    raise yaml.YAMLError(f"{key} stands there twice")
                found[key] = tuple(_plain(value) for value in values if value not in NULLS)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())[:LONGEST]
        raise DataError(f"{path} has a front matter that is no YAML ({reason}). Mend it.") from None
    return found


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each key of the top mapping, with its text or the texts of its list.

    Raises:
        YAMLError: it is no YAML, no mapping, nested too deep, or has an alias or strange keys.
    """
    events = _bounded(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    for event in events:
        if isinstance(event, yaml.MappingStartEvent):
            break
        if isinstance(event, yaml.NodeEvent):
            raise yaml.YAMLError("it is no mapping of keys to values")
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            return
        if not isinstance(event, yaml.ScalarEvent):
            raise yaml.YAMLError("a key is no text")
        yield event.value, _texts(events)


def _texts(events: Iterator[yaml.Event]) -> list[str]:
    """Consume one value; return its text, or those right inside a list, or none."""
    first = next(events)
    if isinstance(first, yaml.ScalarEvent):
        return [first.value]
    texts: list[str] = []
    depth = 1
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if not depth:
            break
        wanted = depth == 1 and isinstance(first, yaml.SequenceStartEvent)
        if wanted and isinstance(event, yaml.ScalarEvent) and len(texts) < MOST_LICENCES:
            texts.append(event.value)
    return texts


def _bounded(events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    """Pass events on, but for those that a card has no use for."""
    depth = 0
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError("it has an alias")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"it is nested more than {DEEPEST} deep")
        yield event


def _plain(value: str) -> str:
    """Return a text as it may be printed: short, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in value[:LONGEST]).strip()
