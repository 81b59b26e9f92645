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

from stillroom.config.schema.data_schema import Data, Documents
from stillroom.data.files.input_file import InputFile, changed, open_input
from stillroom.data.files.input_folder import InputFolder
from stillroom.data.files.text_stream import bounded_lines, require_no_nul, text_stream
from stillroom.data.notices import Notice
from stillroom.data.raw_examples import suffix_counts
from stillroom.data.sources.split_files import SplitFiles
from stillroom.data.tables.table_formats import SUFFIXES as TABLES
from stillroom.data.tables.table_formats import (
    table_suffix,
    tables_beside_others,
    tables_of,
    unread_documents,
)
from stillroom.data.tables.table_request import TableRequest
from stillroom.data.text.text_columns import column_texts
from stillroom.data.text.text_files import split_texts
from stillroom.errors import DataError

TEXTS = (".txt", ".text", ".md", ".rst")
SUFFIXES = (*TEXTS, *TABLES)


@dataclass(frozen=True, slots=True)
class Document:
    """A text, its file, and its number in the file, from 0.

    `split` is the split that the source gives it; None if its text decides.
    """

    part: str
    row: int
    text: str
    split: str | None = None

    @property
    def origin(self) -> str:
        """The name of the document in messages."""
        return f"document {self.row + 1} of {self.part}"


class CorpusProvenance(Protocol):
    """Where the content of a corpus is from, and how it was read."""

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of each file, by its name."""

    @property
    def versions(self) -> dict[str, str]:
        """The versions of the packages that ship the text."""

    @property
    def skipped(self) -> dict[str, int]:
        """The number of files that were not read, by suffix."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was guessed, converted or left out; complete once everything was read."""

    @property
    def splits_from(self) -> str | None:
        """What names the splits: "file names"; None if nothing does."""


class Corpus(CorpusProvenance, Protocol):
    """Documents that can be iterated many times, always in the same order."""

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
        data: how files are read, and cut into documents.
        skipped: the number of other files beside them, by suffix.
        named: the splits that the names of the files give.
        found: what was guessed so far.
        hashes: the SHA-256 of the files that were read so far.
    """

    root: Path
    paths: tuple[Path, ...]
    data: Data
    skipped: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    named: SplitFiles = field(default_factory=SplitFiles)
    found: list[Notice] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path, data: Data) -> "TextFiles":
        """Return the texts of a file, or of a folder with its subfolders.

        Raises:
            DataError: there is no text, a link leads out of the folder, or the names of the files
                contradict each other about splits.
        """
        if not path.exists():
            raise DataError(
                f"data.path {data.path} does not exist. Set it to a text file, or a folder."
            )
        if not path.is_dir():
            return cls(path.parent, _require_files(_readable([path]), data.path), data)
        folder = InputFolder(path, data.follow_links)
        inside = folder.files()
        paths = _readable(inside)
        others = [one for one in inside if one not in set(paths)]
        skipped = suffix_counts(one for one in others if table_suffix(one) is None)
        beside = unread_documents(one.relative_to(path).as_posix() for one in others)
        chosen = split_texts([one.relative_to(path).as_posix() for one in paths])
        read = [path / part for part in chosen.parts]
        return cls(
            root=path,
            paths=_require_files(read, data.path),
            data=data,
            skipped=skipped,
            named=chosen.named,
            found=[*chosen.notices, *beside, *folder.notices()],
        )

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of each file."""
        for path in self.paths:
            if self._part(path) not in self.hashes:
                with open_input(path, self._part(path), self.data.limits) as file:
                    self.hashes[file.part] = file.sha256
        return dict(self.hashes)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was guessed so far."""
        return tuple(self.found)

    @property
    def splits_from(self) -> str | None:
        """What names the splits."""
        return "file names" if self.named.splits else None

    def __iter__(self) -> Iterator[Document]:
        """Yield each document, file after file."""
        for path in self.paths:
            with open_input(path, self._part(path), self.data.limits) as file:
                # The documents are read several times, and each time must give the same.
                if self.hashes.setdefault(file.part, file.sha256) != file.sha256:
                    raise changed(file.part)
                split = self.named.splits.get(file.part)
                for row, text in enumerate(self._texts(file)):
                    document = Document(file.part, row, text, split)
                    _require_usable(document, self.data.documents)
                    yield document

    def _part(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _texts(self, file: InputFile) -> Iterable[str]:
        if file.part.lower().endswith(TEXTS):
            return _of_text_file(file, self.data, self.found)
        request = TableRequest(
            part=file.part,
            wanted=(self.data.columns.text or "text",),
            limits=self.data.limits,
            csv=self.data.csv,
            notices=self.found,
        )
        return column_texts(file, request.within(file))


def _readable(paths: list[Path]) -> list[Path]:
    texts = [path for path in paths if path.suffix.lower() in TEXTS]
    tables = tables_beside_others(paths) if texts else tables_of(paths)
    read = {*texts, *tables}
    return [path for path in paths if path in read]


def _of_text_file(file: InputFile, data: Data, notices: list[Notice]) -> Iterator[str]:
    how = data.documents
    with text_stream(file, data.limits, notices, newline=None) as stream:
        if how.cut == "file":
            yield _whole(stream, file.part, how)
        else:
            lines = bounded_lines(stream, file.part, data.limits)
            yield from _joined(_pieces(lines, file.part, how), how)


def _whole(stream: TextIO, part: str, how: Documents) -> str:
    """Return all text, or as much as shows that it is too long."""
    text = stream.read(how.longest + 1)
    require_no_nul(text, part)
    return text


def _pieces(lines: Iterable[str], part: str, how: Documents) -> Iterator[str]:
    """Yield lines, or paragraphs, which are separated by blank lines."""
    held: list[str] = []
    size = 0
    for line in lines:
        text = line.rstrip("\n")
        is_blank = not text.strip()
        if not is_blank:
            held.append(text)
            size += len(text)
        if size > how.longest:
            raise _too_long(f"A paragraph of {part}", how)
        if held and (is_blank or how.cut == "line"):
            yield "\n".join(held)
            held, size = [], 0
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
        raise _too_long(document.origin, how)


def _too_long(origin: str, how: Documents) -> DataError:
    return DataError(
        f"{origin} is longer than data.documents.longest, {how.longest:,} characters. Shorten it, "
        "raise data.documents.longest, or cut files by data.documents.cut."
    )


def _require_files(paths: list[Path], configured: str) -> tuple[Path, ...]:
    if not paths:
        raise DataError(
            f"data.path {configured} holds no text file. Allowed: {', '.join(SUFFIXES)}."
        )
    return tuple(paths)
