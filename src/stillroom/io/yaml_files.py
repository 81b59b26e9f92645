"""YAML files: a path in, plain values out, or an error of one line.

    file ──size, UTF-8──> text ──events──> depth, tags, keys, aliases ──safe loader──> values

Whoever builds objects from a file that someone else wrote calls `require_safe` first, also where
another library reads the file. The events are checked one after another, so a file whose aliases
stand for billions of values costs no memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from stillroom.errors import ConfigError

MOST_BYTES = 1 << 20
MOST_VALUES = 50_000  # with each alias counted as what it stands for; OmegaConf needs 1 kB for one
MOST_CHARACTERS = 4 << 20  # likewise
DEEPEST = 64  # nested collections: the time of YAML scanners is quadratic in their depth
MERGE = "<<"
CORE = "tag:yaml.org,2002:"
TAGS = tuple(CORE + name for name in ("map", "seq", "str", "int", "float", "bool", "null", "merge"))
# In C, so several times faster, where PyYAML was built with it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class _Open:
    """A node of which the events have begun.

    Attributes:
        keys: the keys so far; None for a list.
        is_key: whether the next node is a key.
        anchor: the name by which an alias can stand for the node.
        values, characters: the size so far, with aliases counted as what they stand for.
    """

    keys: set[str] | None
    anchor: str | None
    is_key: bool = False
    values: int = 1
    characters: int = 0


@dataclass(slots=True)
class _Sizes:
    """The open nodes from the outermost one, and the sizes of those that have an anchor."""

    stack: list[_Open] = field(default_factory=lambda: [_Open(None, None)])
    anchored: dict[str, tuple[int, int]] = field(default_factory=dict)


def read_yaml(path: Path) -> Any:
    """Return the plain values of a YAML file.

    Raises:
        ConfigError: the file is missing, or as `require_safe`.
    """
    text = require_safe(path)
    try:
        return yaml.load(text, Loader=_LOADER)
    except (yaml.YAMLError, ValueError, TypeError) as error:  # a date of month 13, a list as a key
        raise _not_yaml(path, error) from error


def require_safe(path: Path) -> str:
    """Return the text of a YAML or JSON file from which objects can be built without danger.

    Raises:
        ConfigError: the file is no regular file, is too large, not UTF-8 or not YAML; its aliases
            stand for too many values; it is nested too deep; a key occurs twice; or it has a tag
            that stands for an object.
    """
    if not path.exists():
        raise ConfigError(f"{path} does not exist. Restore it: git checkout {path.name}")
    if not path.is_file():  # reading a device or a pipe may never end
        raise ConfigError(f"{path} is not a regular file. Replace it with the file itself.")
    with path.open("rb") as stream:
        content = stream.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ConfigError(
            f"{path} has more than {MOST_BYTES:,} bytes, which is no configuration. Shorten it."
        )
    try:
        text = content.decode("utf-8-sig")
        _check(yaml.parse(text, Loader=_LOADER))
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} is not UTF-8 (byte {error.start:,}). Save it in this encoding."
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise _not_yaml(path, error) from error
    return text


def _not_yaml(path: Path, error: Exception) -> ConfigError:
    return ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}. Correct it.")


def _check(events: Iterator[yaml.Event]) -> None:
    """Check the events of a document.

    Raises:
        YAMLError: as `require_safe` raises a ConfigError.
    """
    sizes = _Sizes()
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            _end(sizes)
        elif isinstance(event, yaml.NodeEvent):
            _node(sizes, event)


def _node(sizes: _Sizes, event: Any) -> None:
    """Count a scalar or an alias, or open a list or mapping."""
    parent = sizes.stack[-1]
    if parent.keys is not None:
        parent.is_key = not parent.is_key
        if parent.is_key:
            _key(parent.keys, event)
    if isinstance(event, yaml.AliasEvent):
        if event.anchor not in sizes.anchored:
            raise yaml.YAMLError(f"the alias *{event.anchor} has no value before it")
        _count(parent, *sizes.anchored[event.anchor])
        return
    if event.tag not in (None, "!", *TAGS):
        raise yaml.YAMLError(f"the tag {event.tag} is not read; only plain values are")
    if isinstance(event, yaml.ScalarEvent):
        _count(parent, 1, len(event.value))
        if event.anchor:
            sizes.anchored[event.anchor] = (1, len(event.value))
        return
    if len(sizes.stack) > DEEPEST:
        raise yaml.YAMLError(f"it is nested more than {DEEPEST} deep")
    keys: set[str] | None = set() if isinstance(event, yaml.MappingStartEvent) else None
    sizes.stack.append(_Open(keys, event.anchor))


def _key(keys: set[str], event: Any) -> None:
    if not isinstance(event, yaml.ScalarEvent):
        raise yaml.YAMLError("a key is not a text")
    if event.value in keys and event.value != MERGE:
        raise yaml.YAMLError(f"the key {event.value} occurs twice in one mapping")
    keys.add(event.value)


def _end(sizes: _Sizes) -> None:
    node = sizes.stack.pop()
    if node.anchor:
        sizes.anchored[node.anchor] = (node.values, node.characters)
    _count(sizes.stack[-1], node.values, node.characters)


def _count(node: _Open, values: int, characters: int) -> None:
    node.values += values
    node.characters += characters
    if node.values > MOST_VALUES or node.characters > MOST_CHARACTERS:
        raise yaml.YAMLError(
            f"with its aliases it has more than {MOST_VALUES:,} values or {MOST_CHARACTERS:,} "
            "characters"
        )
