"""Count how many full copies of a set of soft labels the disk holds.

    store ──clone──> the project's folder ──DVC──> its cache

A reflink shares the blocks of its source file. Without reflinks each place has a full copy.
"""

from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

from stillroom.io.dvc_root import shared_root
from stillroom.io.files.reflink import can_reflink


@dataclass(frozen=True, slots=True)
class Copies:
    """The copies of a set on the disk.

    Attributes:
        places: the names of the places that hold the set, the store first.
        full: the number of places whose blocks are not shared.
        reflinks: whether the store and the project's folder can share blocks.
    """

    places: tuple[str, ...]
    full: int
    reflinks: bool


def copies_of(store: Path, out: Path, root: Path) -> Copies:
    """Return the copies of a set that is captured into `store` and published at `out`.

    Args:
        store: the folder of the store; it need not exist.
        out: the folder of the set; it need not exist.
        root: the folder of the project.
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
    """DVC's cache.

    Attributes:
        folder: the folder of the cache.
        links: whether the workspace has links into the cache instead of files of its own.
    """

    folder: Path
    links: bool


def cache_of(project: Path) -> Cache | None:
    """Return the cache from DVC's config of the project, None without DVC."""
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
