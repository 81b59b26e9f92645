"""Documents: text files and tables in, one text after the other out.

    *.txt, *.md ──file | paragraph | line──┐
    *.jsonl, *.csv, *.parquet ──a column───┴──> Document, Document, …

A file is read as it is walked over, so that a corpus need not fit into memory; of a text file
that is one document, that document must.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

from stillroom.config.data_schema import Documents
from stillroom.data.raw_examples import suffix_counts
from stillroom.data.tables.table_files import unreadable
from stillroom.data.text.text_columns import SUFFIXES as TABLES
from stillroom.data.text.text_columns import texts_of
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_file

TEXTS = (".txt", ".text", ".md", ".rst")
SUFFIXES = (*TEXTS, *TABLES)


@dataclass(frozen=True, slots=True)
class Document:
    """A text, and where it stands: the file, and the how manieth of it, from 0."""

    part: str
    row: int
    text: str

    @property
    def origin(self) -> str:
        """How a message names it."""
        return f"document {self.row + 1} of {self.part}"


class Corpus(Protocol):
    """Documents that can be walked over again and again, in one order."""

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of each file, by the name that documents call it."""

    @property
    def versions(self) -> dict[str, str]:
        """The libraries that it comes with."""

    @property
    def skipped(self) -> dict[str, int]:
        """How many files of which suffix were not read."""

    def __iter__(self) -> Iterator[Document]:
        """Yield each document.

        Raises:
            DataError: a file cannot be read, or a document not be used.
        """


@dataclass(frozen=True)
class Files:
    """A corpus on disk.

    Attributes:
        root: what names are relative to.
        paths: the files, in order.
        how: what a document is.
        column: of tables.
        skipped: how many files of which suffix lie beside them.
    """

    root: Path
    paths: tuple[Path, ...]
    how: Documents
    column: str
    skipped: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path, given: str, how: Documents, column: str) -> "Files":
        """Find the texts of a file or a folder, the folders in it included.

        Raises:
            DataError: there is none.
        """
        if not path.exists():
            raise DataError(f"data.path {given} does not exist. Name a text, or a folder of texts.")
        if path.is_file():
            found = [path] if path.suffix.lower() in SUFFIXES else []
            return cls(path.parent, _some(found, given), how, column)
        inside = [one for one in path.rglob("*") if one.is_file() and not _is_hidden(one, path)]
        found = [one for one in inside if one.suffix.lower() in SUFFIXES]
        found.sort(key=lambda one: one.relative_to(path).as_posix())
        skipped = suffix_counts(one for one in inside if one not in set(found))
        return cls(path, _some(found, given), how, column, skipped)

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of each file."""
        return {self._part(path): sha256_file(path) for path in self.paths}

    def __iter__(self) -> Iterator[Document]:
        """Yield each document, file after file."""
        for path in self.paths:
            part = self._part(path)
            for row, text in enumerate(self._texts(path, part)):
                document = Document(part, row, text)
                _require_usable(document, self.how)
                yield document

    def _part(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _texts(self, path: Path, part: str) -> Iterable[str]:
        if path.suffix.lower() in TEXTS:
            return _of_text_file(path, part, self.how)
        return texts_of(path, part, self.column)


def _of_text_file(path: Path, part: str, how: Documents) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            if how.cut == "file":
                yield stream.read()
            else:
                yield from _joined(_pieces(stream, how), how)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{part} is not UTF-8 (byte {error.start} of what was read at once is "
            f"0x{error.object[error.start]:02x}). Convert it."
        ) from error
    except OSError as error:
        raise unreadable(part, error) from error


def _pieces(stream: TextIO, how: Documents) -> Iterator[str]:
    """Yield lines, or paragraphs, which blank lines part."""
    held: list[str] = []
    for line in stream:
        text = line.rstrip("\n")
        is_blank = not text.strip()
        if not is_blank:
            held.append(text)
        if held and (is_blank or how.cut == "line"):
            yield "\n".join(held)
            held = []
    if held:
        yield "\n".join(held)


def _joined(pieces: Iterable[str], how: Documents) -> Iterator[str]:
    """Join neighbours until they have as many characters as a document must."""
    between = "\n" if how.cut == "line" else "\n\n"
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= how.join:
            yield between.join(held)
            held, size = [], 0
    if held:
        yield between.join(held)


def _require_usable(document: Document, how: Documents) -> None:
    if not document.text.strip():
        raise DataError(f"{document.origin} is empty. Fill it, or remove it.")
    if len(document.text) > how.longest:
        raise DataError(
            f"{document.origin} is {len(document.text):,} characters long, and "
            f"data.documents.longest allows {how.longest:,}. Cut it, or raise that."
        )


def _some(found: list[Path], given: str) -> tuple[Path, ...]:
    if not found:
        raise DataError(f"data.path {given} holds no text. Allowed: {', '.join(SUFFIXES)}.")
    return tuple(found)


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(name.startswith(".") for name in path.relative_to(folder).parts)
