"""Copies: the places where a set's bytes come to lie in, how often the disk holds them out.

    store ──clone──> the project's folder ──DVC──> its cache

A reflink shares the blocks of the file that it is made from; without one each place is full.
"""

from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

from stillroom.io.dvc_root import shared_root
from stillroom.io.files.reflink import can_reflink


@dataclass(frozen=True, slots=True)
class Copies:
    """How often the disk holds each byte.

    Attributes:
        places: by name, the store first.
        full: in how many of them the blocks are their own.
        reflinks: whether the store and the project's folder can share blocks.
    """

    places: tuple[str, ...]
    full: int
    reflinks: bool


def copies_of(store: Path, out: Path, root: Path) -> Copies:
    """Return how often a set is held that is captured into `store` and published at `out`.

    Args:
        store: folder of the store; need not exist.
        out: folder of the set; need not exist.
        root: of the project.
    """
    cache = cache_of(root)
    shared = can_reflink(store, out)
    places = [f"the store {_short(store, root)}", _short(out, root)]
    full = 1 if shared else 2
    if cache is not None:
        places.append(f"DVC's cache {_short(cache.folder, root)}")
        full += 0 if cache.links or can_reflink(out, cache.folder) else 1
    return Copies(tuple(places), full, shared)


@dataclass(frozen=True, slots=True)
class Cache:
    """Where DVC keeps what it tracks.

    Attributes:
        folder: of the cache.
        links: whether the workspace holds links into it rather than files of its own.
    """

    folder: Path
    links: bool


def cache_of(project: Path) -> Cache | None:
    """Return the cache of the project's DVC, as its config names it; None without DVC."""
    home = shared_root(project) / ".dvc"
    if not home.is_dir():
        return None
    config = ConfigParser(interpolation=None)
    config.read([home / "config", home / "config.local"], encoding="utf-8")
    folder = config.get("cache", "dir", fallback="cache").strip('"')
    types = config.get("cache", "type", fallback="reflink,copy").strip('"')
    first = types.split(",")[0].strip()
    return Cache(home / Path(folder).expanduser(), first in ("hardlink", "symlink"))


def _short(path: Path, root: Path) -> str:
    resolved, below = path.resolve(), root.resolve()
    return str(resolved.relative_to(below) if resolved.is_relative_to(below) else resolved)
