"""Folder listing: a folder in; its images and its folders out, and what is left out, counted.

Folders and files that other programs leave behind hold copies and thumbnails, so they are not read:
hidden ones, `__MACOSX` of archives, `@eaDir` of network storage, `Thumbs.db`.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from stillroom.data.files.input_folder import InputFolder
from stillroom.data.images.file_formats import START_BYTES, SUFFIXES, advice, starts_as_image
from stillroom.data.notices import Notice, counted, some
from stillroom.errors import DataError
from stillroom.io.files.regular_file import open_regular

_JUNK_FOLDERS = frozenset(
    {"@eadir", "__macosx", "__pycache__", "#recycle", "#snapshot", "$recycle.bin", "lost+found"}
    | {"system volume information"}
)
_JUNK_FILES = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"))
_MOST_LEVELS = 16


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: its path relative to data.path, its images by name, and the folders in it."""

    part: str
    name: str
    images: tuple[str, ...]
    folders: tuple["Folder", ...]


@dataclass(slots=True)
class FolderReader:
    """Lists the folders below data.path.

    Attributes:
        path: the folder.
        follow_links: whether links may lead out of it.
        junk, special, others, sniffed: files and folders by why they are no image, or why they are
            one in spite of their names; relative to `path`.
        seen: the folders that were listed, by device and number.
    """

    path: Path
    follow_links: bool
    junk: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    sniffed: list[str] = field(default_factory=list)
    seen: set[tuple[int, int]] = field(default_factory=set)

    def root(self) -> Folder:
        """Return the folder and all folders below it.

        Raises:
            DataError: a link leads out of it or back into it, or folders are nested too deep.
        """
        return self._folder(".", 0)

    def notices(self) -> list[Notice]:
        """Return what was left out, and what was read in spite of its name."""
        return [*_left_out(self.junk, self.special, self.others), *_guessed(self.sniffed)]

    def _folder(self, part: str, level: int) -> Folder:
        if level > _MOST_LEVELS:
            raise DataError(f"{part} lies {level} folders deep. Move the images up.")
        status = (self.path / part).stat()
        if (status.st_dev, status.st_ino) in self.seen:
            raise DataError(f"{part} is read twice, since a link leads to it. Remove the link.")
        self.seen.add((status.st_dev, status.st_ino))
        images, folders = [], []
        within = InputFolder(self.path, self.follow_links)
        with os.scandir(self.path / part) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                _require_utf8(entry.name, part)
                relative = entry.name if part == "." else f"{part}/{entry.name}"
                if _is_junk(entry):
                    self.junk.append(relative)
                    continue
                if entry.is_symlink():
                    within.require_inside(self.path / relative)
                if entry.is_dir():
                    folders.append(self._folder(relative, level + 1))
                elif not entry.is_file():
                    self.special.append(relative)
                elif self._is_image(entry, relative):
                    images.append(entry.name)
                else:
                    self.others.append(relative)
        return Folder(part, part.rpartition("/")[2], tuple(images), tuple(folders))

    def _is_image(self, entry: "os.DirEntry[str]", relative: str) -> bool:
        if _suffix(entry.name) in SUFFIXES:
            return True
        try:
            with open_regular(entry.path) as stream:
                is_image = starts_as_image(stream.read(START_BYTES))
        except OSError:
            return False
        if is_image:
            self.sniffed.append(relative)
        return is_image


def _require_utf8(name: str, part: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DataError(f"{part} holds a name that is not UTF-8: {name!a}. Rename it.") from None


def _is_junk(entry: "os.DirEntry[str]") -> bool:
    name = entry.name.lower()
    return name.startswith(".") or name in _JUNK_FILES or name in _JUNK_FOLDERS


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()


def _left_out(junk: list[str], special: list[str], others: list[str]) -> Iterable[Notice]:
    if junk:
        words = "Hidden, or left by other programs"
        yield Notice("left_out", f"{words}: {_entries(len(junk))} ({some(junk)}).")
    if special:
        words = "Pipes, sockets or devices"
        yield Notice("left_out", f"{words}: {len(special):,} ({some(special)}).")
    by_suffix: dict[str, list[str]] = {}
    for relative in others:
        by_suffix.setdefault(_suffix(relative), []).append(relative)
    for suffix, paths in sorted(by_suffix.items()):
        files = counted(len(paths), f"{suffix} file" if suffix else "file")
        kind = files if suffix else f"{files} without a suffix"
        reason = advice(suffix)
        words = "" if reason is None else f" {reason}."
        yield Notice("left_out", f"Not read as images: {kind} ({some(paths)}).{words}")


def _guessed(sniffed: list[str]) -> Iterable[Notice]:
    if sniffed:
        files = counted(len(sniffed), "file")
        words = f"Read as images by their content, not by their names: {files} ({some(sniffed)})."
        yield Notice("guessed", words)


def _entries(count: int) -> str:
    return "1 file or folder" if count == 1 else f"{count:,} files or folders"
