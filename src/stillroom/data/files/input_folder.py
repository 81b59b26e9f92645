"""Input folders: a folder that came from outside, its regular files out, none from elsewhere.

    data.path ──walk, without hidden names──> files, sorted by their path

A link may lead to another place in the folder. In the Hub's cache on disk, whose files are links
from `snapshots/` to `blobs/`, it may lead to the blobs of the same repository. Any other link is
refused unless `data.follow_links` is set: data must not choose which files of the disk are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stillroom.data.notices import Notice, some
from stillroom.errors import DataError
from stillroom.io.hub_cache import blobs_of


@dataclass(frozen=True, slots=True)
class InputFolder:
    """A folder, and where links in it may lead.

    Attributes:
        path: the folder. It may be a link itself, since the configuration names it.
        follow_links: whether links may lead out of it.
        hidden: the hidden files and folders that `files` left out, relative to the folder.
    """

    path: Path
    follow_links: bool = False
    hidden: list[str] = field(default_factory=list)

    def files(self) -> list[Path]:
        """Return the regular files below the folder, sorted by their relative path.

        Names that start with a dot are left out; `notices` says so.

        Raises:
            DataError: a link leads out of the folder, to nothing, or to a folder above itself; or
                something is neither a file nor a folder.
        """
        self.hidden.clear()
        found = self._walk(self.path, (self.path.resolve(),))
        return sorted(found, key=lambda file: file.relative_to(self.path).as_posix())

    def notices(self) -> tuple[Notice, ...]:
        """Return what `files` left out."""
        if not self.hidden:
            return ()
        words = f"Hidden files and folders are not read: {len(self.hidden):,}"
        return (Notice("left_out", f"{words} ({some(sorted(self.hidden))})."),)

    def require_inside(self, path: Path) -> Path:
        """Return `path`, a file or folder below this folder, if its links stay inside.

        Raises:
            DataError: a link on the way leads out of the folder, or to nothing.
        """
        try:
            resolved = path.resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            raise DataError(
                f"{self._name(path)} does not exist, or is a link that leads to nothing. Restore "
                "or remove it."
            ) from None
        if not self.follow_links and not any(map(resolved.is_relative_to, self._allowed())):
            raise DataError(
                f"{self._name(path)} is a link that leads out of the folder data.path. Replace it "
                "by what it leads to, or set data.follow_links=true."
            )
        return path

    def _allowed(self) -> Iterator[Path]:
        root = self.path.resolve()
        yield root
        blobs = blobs_of(root)
        if blobs is not None:
            yield blobs

    def _walk(self, folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
        for path in folder.iterdir():
            if path.name.startswith("."):
                self.hidden.append(self._name(path))
                continue
            if path.is_symlink():
                self.require_inside(path)
            if path.is_dir():
                yield from self._below(path, above)
            elif path.is_file():
                yield path
            else:
                raise not_regular(self._name(path))

    def _below(self, folder: Path, above: tuple[Path, ...]) -> Iterator[Path]:
        resolved = folder.resolve()
        if resolved in above:
            raise DataError(
                f"{self._name(folder)} is a link to a folder that contains it. Remove the link."
            )
        yield from self._walk(folder, (*above, resolved))

    def _name(self, path: Path) -> str:
        return path.relative_to(self.path).as_posix()


def not_regular(name: str) -> DataError:
    """Return the error for a pipe, a socket or a device."""
    return DataError(
        f"{name} is no regular file, but a pipe, a socket, a device or a folder. Write its "
        "content into a file, or remove it."
    )
