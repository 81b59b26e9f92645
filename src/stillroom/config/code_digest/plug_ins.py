"""The code of plug-ins: installed packages that add kinds to a group.

    group ──entry points──> packages ──PlugIns.digests──> {package: name, version and digest}

The digest covers every file of the package but caches: a Python file in its canonical form, any
other (templates, data, compiled modules, config choices) by its bytes. If the distribution has
further top-level packages, these count as well. Nothing of the package runs for this. Its own
requirements do not count, and neither do Stillroom's.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from stillroom.config.code_digest.canonical_syntax import canonical_syntax, syntax_tree
from stillroom.io.files.hashing import sha256_bytes, sha256_file, sha256_json
from stillroom.registry import PREFIX, package_of

CACHE, COMPILED = "__pycache__", (".pyc", ".pyo")


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
        modules: dict[str, set[str]] = {}
        for group in sorted(groups):
            for entry in self._entries(group):
                package = f"{package_of(entry)} {_top_level(entry)}"
                added.setdefault(package, []).append(f"{group} {entry.name} {entry.value}")
                modules.setdefault(package, set()).update(_modules_of(entry))
        return {
            package: sha256_json([*map(self._digest, sorted(modules[package])), *sorted(entries)])
            for package, entries in sorted(added.items())
        }


def _top_level(entry: EntryPoint) -> str:
    return entry.module.partition(".")[0]


def _modules_of(entry: EntryPoint) -> set[str]:
    """Return the top-level packages and modules of the distribution with an entry point."""
    return {_top_level(entry)} | (_listed(entry.dist) if entry.dist else set())


def _listed(distribution: Distribution) -> set[str]:
    """Return the top-level packages and modules that a distribution's metadata lists.

    Setuptools writes a list of them; otherwise they follow from the list of installed files.
    """
    text = distribution.read_text("top_level.txt")
    if text is not None:
        return set(text.split())
    files = distribution.files or []
    first = {path.parts[0] for path in files if path.suffix not in COMPILED}
    return {name for part in first if (name := part.partition(".")[0]).isidentifier()}


def _digest(top_level: str) -> str:
    """Return the digest of a top-level package or module."""
    return sha256_json([top_level, *([name, _of_file(path)] for name, path in _files(top_level))])


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
    """Return whether a file is code or data, not a cache; caches of tools are hidden folders."""
    is_hidden = any(part == CACHE or part.startswith(".") for part in path.parts)
    return not is_hidden and path.suffix not in COMPILED


def _of_file(path: Path) -> str:
    """Return the digest of a file; a Python file that cannot be parsed counts by its bytes."""
    if path.suffix != ".py":
        return sha256_file(path)
    content = path.read_bytes()
    try:
        return sha256_bytes(canonical_syntax(syntax_tree(content)))
    except (SyntaxError, ValueError):
        return sha256_bytes(content)
