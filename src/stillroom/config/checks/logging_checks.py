"""Checks of conf/logging.yml: which handlers it has, and where they write.

conf/logging.yml ──handlers of HANDLERS, files inside the project──> nothing, or one line

Kedro applies the file when it is imported, before any code of the project runs. What a handler
opens at once is then open already; but the command stops here, before it writes a line there.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stillroom.errors import ConfigError
from stillroom.io.files.confined_paths import confined
from stillroom.io.yaml_files import read_yaml

FILE = Path("conf") / "logging.yml"
# Handlers that write to the terminal, to a file, or nowhere. Others send what is logged elsewhere.
HANDLERS = (
    "kedro.logging.RichHandler",
    "logging.StreamHandler",
    "logging.NullHandler",
    "logging.FileHandler",
    "logging.handlers.RotatingFileHandler",
    "logging.handlers.TimedRotatingFileHandler",
)
FORMATTERS = ("logging.Formatter",)
STREAMS = ("ext://sys.stdout", "ext://sys.stderr")


def check_logging(root: Path) -> None:
    """Check conf/logging.yml, if there is one.

    Args:
        root: the project's folder.

    Raises:
        ConfigError: a handler is not allowed, writes outside of the project, or the file names an
            object of Python.
    """
    path = root / FILE
    if not path.exists():
        return
    config = read_yaml(path)
    if not isinstance(config, Mapping):
        raise ConfigError(f"{FILE} must hold keys and values. Restore it: git checkout {FILE}")
    for key, value in _values(config):
        if key == "()" or (isinstance(value, str) and _is_object(value)):
            raise ConfigError(
                f"{FILE} names an object of Python, {str(value)[:60]!r}, which is not read. "
                f"Allowed: {', '.join(STREAMS)}."
            )
    _check_classes(config, "formatters", FORMATTERS)
    _check_classes(config, "filters", ())
    _check_classes(config, "handlers", HANDLERS)
    for name, handler in _section(config, "handlers"):
        if "filename" in handler:
            _check_file(name, handler["filename"], root)


def _check_classes(config: Mapping[str, Any], section: str, allowed: tuple[str, ...]) -> None:
    for name, one in _section(config, section):
        kind = one.get("class", allowed[0] if allowed else None)
        if kind not in allowed and (kind is not None or section == "handlers"):
            raise ConfigError(
                f"{FILE}: {section}.{name} has the class {kind!r}, which is not allowed. Allowed: "
                f"{', '.join(allowed) or 'none'}."
            )


def _check_file(name: str, filename: object, root: Path) -> None:
    try:
        confined(str(filename), root)
    except ConfigError as error:
        raise ConfigError(
            f"{FILE}: handlers.{name}.filename is {filename}, which is outside of the project. "
            "Choose a path inside the project, for example .stillroom/log.txt."
        ) from error


def _section(config: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    entries = config.get(name) or {}
    for key, entry in entries.items() if isinstance(entries, Mapping) else ():
        yield str(key), entry if isinstance(entry, Mapping) else {"class": entry}


def _is_object(value: str) -> bool:
    """Tell whether `logging.config` would import what a text names."""
    return value.startswith("ext://") and value not in STREAMS


def _values(node: object, key: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(node, Mapping):
        for inner, value in node.items():
            yield from _values(value, str(inner))
    elif isinstance(node, list):
        for value in node:
            yield from _values(value, key)
    else:
        yield key, node
