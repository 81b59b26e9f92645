"""User paths: `~` and `~name` at the beginning of a path become the folder of that user.

    data.path, data.text.tokenizer, data.chat.template ─┐
    teacher.path, student.path, teachers.N.path ────────┴──> the same, without ~

A shell expands `~` only at the beginning of a word, so `--params data.path=~/texts` reaches
Stillroom as it is written.
"""

from pathlib import Path
from typing import Any

from stillroom.errors import ConfigError


def expand_user_paths(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with full paths in place of those that begin with `~`.

    Raises:
        ConfigError: no user has this name, or no file can have this path.
    """
    data = _with_full_path(parameters["data"], "path", "data")
    if isinstance(data.get("text"), dict):
        data["text"] = _with_full_path(data["text"], "tokenizer", "data.text")
    if isinstance(data.get("chat"), dict):
        data["chat"] = _with_full_path(data["chat"], "template", "data.chat")
    changed: dict[str, Any] = {"data": data} | {
        section: _with_full_path(parameters[section], "path", section)
        for section in ("teacher", "student")
    }
    listed = parameters.get("teachers")
    if isinstance(listed, list):
        changed["teachers"] = [
            _with_full_path(one, "path", f"teachers.{number}") if isinstance(one, dict) else one
            for number, one in enumerate(listed)
        ]
    return parameters | changed


def _with_full_path(section: dict[str, Any], key: str, name: str) -> dict[str, Any]:
    """Return a copy of a section with a full path under a key, if the key is there."""
    return {
        one: _expanded(value, f"{name}.{key}") if one == key else value
        for one, value in section.items()
    }


def _expanded(path: Any, key: str) -> Any:
    """Return a path without `~`; null stays as it is."""
    if isinstance(path, str) and "\0" in path:
        raise ConfigError(f"{key} has the character NUL, which no path has. Remove it.")
    if not isinstance(path, str) or not path.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError as error:
        raise ConfigError(
            f"{key} is {path}, but {Path(path).parts[0]} is no user's folder. Write the full path, "
            "or ./~… for a folder whose name begins with ~."
        ) from error
