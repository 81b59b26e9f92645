"""Model cards: the README.md beside a model in, the licences of its front matter out.

    README.md ──first bytes──> text between two lines of `---` ──YAML events──> licences

The file is not trusted. It is read up to a limit, and its YAML is read as events, from which no
object is built: no alias is followed, no tag has an effect, and every value stays text.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from stillroom.errors import DataError
from stillroom.io.printable import printable

CARD = "README.md"
MOST_BYTES = 2 << 20  # the largest front matter that is read; some hold thousands of scores
DEEPEST = 64  # nested collections: the time of YAML scanners is quadratic in their depth
MOST_LICENCES = 8
LONGEST = 100  # characters of a value; the rest is cut off
FENCE = "---"
LICENCE, NAME = "license", "license_name"  # as the Hub has them
ELSEWHERE = ("other", "unknown")  # `license_name` says more, if the card has it
NULLS = ("", "~", "null")


def read_licences(model: Path) -> tuple[str, ...] | None:
    """Return the licences that a model card names: none, one, or several.

    Args:
        model: a folder, or a file (a GGUF) whose folder may hold a card.

    Returns:
        The names; None if there is no card.

    Raises:
        DataError: the card is not a regular file, or its front matter is too large or not YAML.
    """
    path = (model if model.is_dir() else model.parent) / CARD
    if not os.path.lexists(path):
        return None
    values = _values(_front_matter(path), path)
    licences = values.get(LICENCE, ())
    if len(licences) == 1 and licences[0].lower() in ELSEWHERE:
        return values.get(NAME, ())
    return licences


def _front_matter(path: Path) -> str:
    """Return the text between the first two lines of `---`, or an empty text."""
    if not path.is_file():  # reading a device or a pipe may never end
        raise DataError(f"{path} is not a regular file. Replace it with the model card itself.")
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES)
    lines = content.decode("utf-8-sig", errors="replace").splitlines()
    if not lines or lines[0].rstrip() != FENCE:
        return ""
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == FENCE:
            return "\n".join(lines[1:number])
    raise DataError(
        f"The front matter of {path} does not end within {MOST_BYTES:,} bytes. Close it with ---."
    )


def _values(text: str, path: Path) -> dict[str, tuple[str, ...]]:
    """Return the texts of `license` and `license_name` at the top level; a list gives several."""
    licences: dict[str, tuple[str, ...]] = {}
    try:
        for key, values in _entries(text):
            if key in (LICENCE, NAME):
                if key in licences:
                    raise yaml.YAMLError(f"{key} occurs twice")
                licences[key] = tuple(_plain(value) for value in values if value not in NULLS)
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())[:LONGEST]
        raise DataError(f"The front matter of {path} is not YAML ({reason}). Correct it.") from None
    return licences


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each key of the top mapping, with its text or the texts of its list.

    Raises:
        YAMLError: the text is not YAML or not a mapping, is nested too deep, or has an alias or a
            key that is not text.
    """
    events = _bounded(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    for event in events:
        if isinstance(event, yaml.MappingStartEvent):
            break
        if isinstance(event, yaml.NodeEvent):
            raise yaml.YAMLError("it is not a mapping of keys to values")
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            return
        if not isinstance(event, yaml.ScalarEvent):
            raise yaml.YAMLError("a key is not text")
        yield event.value, _texts(events)


def _texts(events: Iterator[yaml.Event]) -> list[str]:
    """Consume one value; return its text, or the texts directly inside a list, or none."""
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
    """Yield the events; raise an error at an alias, or at nesting that is too deep."""
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
    """Return a text that is safe to print: short, without control characters."""
    return printable(value[:LONGEST]).strip()
