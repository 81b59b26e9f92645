"""Documents: text files and tables in, their texts out one by one.

    *.txt, *.md ──file | paragraph | line──┐
    *.jsonl, *.csv, *.parquet ──a column───┴──> Document, Document, …

Files are read piece by piece, so a corpus need not fit into memory. A text file that is one
document must.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

from stillroom.config.schema.data_schema import Documents
from stillroom.data.notices import Notice
from stillroom.data.raw_examples import suffix_counts
from stillroom.data.tables.table_files import unreadable
from stillroom.data.text.text_columns import SUFFIXES as TABLES
from stillroom.data.text.text_columns import column_texts
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_file

TEXTS = (".txt", ".text", ".md", ".rst")
SUFFIXES = (*TEXTS, *TABLES)


@dataclass(frozen=True, slots=True)
class Document:
    """A text, its file, and its number in the file, from 0."""

    part: str
    row: int
    text: str

    @property
    def origin(self) -> str:
        """The name of the document in messages."""
        return f"document {self.row + 1} of {self.part}"


class Corpus(Protocol):
    """Documents that can be iterated many times, always in the same order."""

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of each file, by its name in the documents."""

    @property
    def versions(self) -> dict[str, str]:
        """The versions of the packages that ship the text."""

    @property
    def skipped(self) -> dict[str, int]:
        """The number of files that were not read, by suffix."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was guessed, converted or left out; complete once all documents were read."""

    def __iter__(self) -> Iterator[Document]:
        """Yield each document.

        Raises:
            DataError: a file cannot be read, or a document cannot be used.
        """


@dataclass(frozen=True)
class TextFiles:
    """A corpus on disk.

    Attributes:
        root: the folder that names are relative to.
        paths: the files, in order.
        how: how files are cut into documents.
        column: the column of texts in tables.
        skipped: the number of other files beside them, by suffix.
    """

    root: Path
    paths: tuple[Path, ...]
    how: Documents
    column: str
    skipped: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()

    @classmethod
    def at(cls, path: Path, configured: str, how: Documents, column: str) -> "TextFiles":
        """Return the texts of a file, or of a folder with its subfolders.

        Raises:
            DataError: there is no text.
        """
        if not path.exists():
            raise DataError(
                f"data.path {configured} does not exist. Set it to a text file, or a folder."
            )
        if path.is_file():
            paths = [path] if path.suffix.lower() in SUFFIXES else []
            return cls(path.parent, _require_files(paths, configured), how, column)
        inside = [one for one in path.rglob("*") if one.is_file() and not _is_hidden(one, path)]
        paths = [one for one in inside if one.suffix.lower() in SUFFIXES]
        paths.sort(key=lambda one: one.relative_to(path).as_posix())
        skipped = suffix_counts(one for one in inside if one not in set(paths))
        return cls(path, _require_files(paths, configured), how, column, skipped)

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
        return column_texts(path, part, self.column)


def _of_text_file(path: Path, part: str, how: Documents) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            if how.cut == "file":
                yield stream.read()
            else:
                yield from _joined(_pieces(stream, how), how)
    except UnicodeDecodeError as error:
        raise DataError(
            f"{part} is not UTF-8 (byte {error.start} of the current block is "
            f"0x{error.object[error.start]:02x}). Convert it to UTF-8."
        ) from error
    except OSError as error:
        raise unreadable(part, error) from error


def _pieces(stream: TextIO, how: Documents) -> Iterator[str]:
    """Yield lines, or paragraphs, which are separated by blank lines."""
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
    """Join neighbours until a document has at least `how.join` characters."""
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
        raise DataError(f"{document.origin} is empty. Add text, or remove it.")
    if len(document.text) > how.longest:
        raise DataError(
            f"{document.origin} is {len(document.text):,} characters long, but "
            f"data.documents.longest is {how.longest:,}. Shorten it, or raise "
            "data.documents.longest."
        )


def _require_files(paths: list[Path], configured: str) -> tuple[Path, ...]:
    if not paths:
        raise DataError(
            f"data.path {configured} holds no text file. Allowed: {', '.join(SUFFIXES)}."
        )
    return tuple(paths)


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(name.startswith(".") for name in path.relative_to(folder).parts)
