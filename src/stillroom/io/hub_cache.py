"""The Hub's cache on disk: the name of a repository, and the files behind its links.

    <cache>/models--owner--name/snapshots/<revision>/config.json ──link──> …/blobs/<hash>

`snapshot_download` returns the folder of a revision. Its files are links into the folder `blobs` of
the same repository, relative or absolute.
"""

from pathlib import Path, PurePath
from typing import Literal

Kind = Literal["models", "datasets"]
REPOSITORIES = ("models--", "datasets--", "spaces--")


def hub_id_of(path: PurePath, kind: Kind) -> str | None:
    """Return owner/name if a path is in the Hub's cache, else None.

    The folders of the cache are called `models--owner--name` and `datasets--owner--name`.
    """
    for part in reversed(path.parts):
        owner, _, name = part.removeprefix(f"{kind}--").partition("--")
        if part.startswith(f"{kind}--") and owner and name:
            return f"{owner}/{name}"
    return None


def file_behind(file: Path, folder: Path) -> Path | None:
    """Return the file itself for a path in a folder, with no link on the way to it.

    Args:
        file: a path below the folder; it need not exist.
        folder: a folder of anything; the links on the way to it do not count.

    Returns:
        The resolved path; None if a link leads anywhere but to the blobs of the repository whose
        snapshot the folder is in.
    """
    real, own = file.resolve(), folder.resolve()
    if real == own / file.relative_to(folder):
        return real
    blobs = blobs_of(own)
    return real if blobs is not None and real.is_relative_to(blobs) else None


def blobs_of(folder: Path) -> Path | None:
    """Return the folder `blobs` of the repository whose snapshot a resolved folder is in."""
    for repository in folder.parents:
        in_snapshot = folder.is_relative_to(repository / "snapshots")
        if repository.name.startswith(REPOSITORIES) and in_snapshot:
            return repository / "blobs"
    return None
