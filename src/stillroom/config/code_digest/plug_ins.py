"""The code of plug-ins: installed packages that add kinds to a group.

    group ──entry points──> packages ──PlugIns.digests──> {package: name, version and digest}

The digest covers every Python file of the package in its canonical form, and its config choices and
templates by their bytes. Nothing of the package runs for this. Its own requirements do not count,
and neither do Stillroom's.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from stillroom.config.code_digest.canonical_syntax import canonical_syntax, syntax_tree
from stillroom.config.plug_in_choices import FOLDER
from stillroom.io.files.hashing import sha256_bytes, sha256_file, sha256_json
from stillroom.registry import PREFIX, package_of

TEMPLATE = ".j2"


class PlugIns:
    """The installed packages; each is read at most once."""

    def __init__(self) -> None:
        """Start with nothing read."""
        self._digest = cache(_digest)
        self._entries = cache(lambda group: list(entry_points(group=PREFIX + group)))

    def digests(self, groups: Iterable[str]) -> dict[str, str]:
        """Return the digest of every package with a kind in the groups.

        Returns:
            name and version of the package, with the name of its top-level module -> SHA-256 of
            its files and of what it adds to the groups.
        """
        added: dict[str, list[str]] = {}
        for group in sorted(groups):
            for entry in self._entries(group):
                added.setdefault(_package(entry), []).append(f"{group} {entry.name} {entry.value}")
        return {
            package: sha256_json([self._digest(package.rpartition(" ")[2]), *sorted(entries)])
            for package, entries in sorted(added.items())
        }


def _package(entry: EntryPoint) -> str:
    return f"{package_of(entry)} {entry.module.partition('.')[0]}"


def _digest(top_level: str) -> str:
    """Return the digest of a top-level package or module."""
    return sha256_json({name: _of_file(path) for name, path in _files(top_level)})


def _files(top_level: str) -> Iterator[tuple[str, Path]]:
    """Yield the files that count, by their names within the package; none if it is missing."""
    try:
        spec = find_spec(top_level)
    except (ImportError, ValueError):  # half removed: whoever loads the kind hears of it
        spec = None
    if spec is None:
        return
    folders = [Path(place) for place in spec.submodule_search_locations or []]
    if not folders and spec.origin and Path(spec.origin).is_file():  # not part of Python itself
        yield Path(spec.origin).name, Path(spec.origin)
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and _counts(inside):
                yield inside.as_posix(), path


def _counts(path: Path) -> bool:
    return path.suffix in (".py", TEMPLATE) or path.parts[0] == FOLDER


def _of_file(path: Path) -> str:
    """Return the digest of a file; a Python file that cannot be parsed counts by its bytes."""
    if path.suffix != ".py":
        return sha256_file(path)
    content = path.read_bytes()
    try:
        return sha256_bytes(canonical_syntax(syntax_tree(content)))
    except (SyntaxError, ValueError):
        return sha256_bytes(content)
