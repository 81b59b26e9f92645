"""Conversation files: tables on disk in, their conversations out one by one.

    *.jsonl, *.json, *.parquet, *.csv, … ──a row──> form ──> Conversation, Conversation, …

Files are read some rows at a time, so they need not fit into memory; a .json must. The names of
files give splits as those of texts do, unless `data.columns.split` names a column.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any, Protocol

from stillroom.config.schema.data_schema import Data
from stillroom.data.chat.conversation import Conversation
from stillroom.data.chat.conversation_forms import (
    ConversationForm,
    PairColumns,
    columns_of,
    conversation_of,
    forms_of,
)
from stillroom.data.chat.row_origin import RowNotices, RowOrigin
from stillroom.data.files.input_file import InputFile, changed, open_input
from stillroom.data.files.text_stream import text_stream
from stillroom.data.ingest.splits import SPLITS, canonical_split
from stillroom.data.notices import Notice
from stillroom.data.raw_examples import suffix_counts
from stillroom.data.sources.split_files import SplitFiles
from stillroom.data.sources.table_folder import table_paths
from stillroom.data.tables.csv_rows import csv_rows
from stillroom.data.tables.table_files import is_csv, is_json, json_records
from stillroom.data.tables.table_request import TableRequest
from stillroom.data.text.documents import CorpusProvenance
from stillroom.data.text.text_files import split_texts
from stillroom.errors import DataError

Row = Mapping[str, Any]


class Conversations(CorpusProvenance, Protocol):
    """Conversations that can be iterated many times, always in the same order."""

    def __iter__(self) -> Iterator[Conversation]:
        """Yield each conversation.

        Raises:
            DataError: a file cannot be read, or a conversation cannot be used; the message names
                the file, the row and the turn.
        """


@dataclass(frozen=True)
class ConversationFiles:
    """Conversations on disk.

    Attributes:
        paths: the files by their names, in order.
        data: how files are read.
        forms: how a row may hold a conversation.
        skipped: the number of other files beside them, by suffix.
        named: the splits that the names of the files give.
        found: what was guessed so far.
        hashes: the SHA-256 of the files that were read so far.
    """

    paths: Mapping[str, Path]
    data: Data
    forms: tuple[ConversationForm, ...]
    skipped: dict[str, int] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    named: SplitFiles = field(default_factory=SplitFiles)
    found: list[Notice] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, path: Path, data: Data, pair: PairColumns | None = None) -> "ConversationFiles":
        """Return the conversations of a file, or of a folder.

        Args:
            path: the file or the folder.
            data: the section `data`.
            pair: the columns of prompt and answer, if they are configured; then no other form is
                read.

        Raises:
            DataError: there is no table, a link leads out of the folder, or the names of the files
                contradict each other about splits.
        """
        tables = table_paths(path, data)
        named, notices = SplitFiles(), tables.notices
        if data.columns.split is None:
            chosen = split_texts(tables.parts)
            named, notices = chosen.named, (*notices, *chosen.notices)
        return cls(
            paths=dict(zip(tables.parts, tables.files, strict=True)),
            data=data,
            forms=forms_of(pair),
            skipped=suffix_counts(tables.others),
            named=named,
            found=list(notices),
        )

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of each file."""
        for part, path in self.paths.items():
            if part not in self.hashes:
                with open_input(path, part, self.data.limits) as file:
                    self.hashes[part] = file.sha256
        return {part: self.hashes[part] for part in self.paths}

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What was guessed so far."""
        return tuple(self.found)

    @property
    def splits_from(self) -> str | None:
        """What names the splits."""
        if self.data.columns.split is not None:
            return f"column {self.data.columns.split}"
        return "file names" if self.named.splits else None

    def __iter__(self) -> Iterator[Conversation]:
        """Yield each conversation, file after file."""
        has_reference = False
        for part, path in self.paths.items():
            with open_input(path, part, self.data.limits) as file:
                # The files are read several times, and each time must give the same.
                if self.hashes.setdefault(part, file.sha256) != file.sha256:
                    raise changed(part)
                for conversation in self._of_file(file):
                    has_reference |= conversation.reference is not None
                    yield conversation
        if self.data.columns.reference is not None and not has_reference:
            raise DataError(
                f"No row of {self.data.path} has a value in the column "
                f"{self.data.columns.reference}. Correct data.columns.reference."
            )

    def _of_file(self, file: InputFile) -> Iterator[Conversation]:
        request = self._request(file)
        notices = RowNotices(file.part)
        fills = not (is_csv(PurePath(file.part)) or is_json(PurePath(file.part)))
        for number, row in enumerate(_rows(file, request, self.forms)):
            origin = RowOrigin(file.part, number, notices, fills_nulls=fills)
            conversation = conversation_of(row, self.forms, origin)
            split, reference = self._split(row, origin), self._reference(row, origin)
            yield replace(conversation, split=split, reference=reference)
        for notice in notices.notices():
            request.say(notice)

    def _request(self, file: InputFile) -> TableRequest:
        columns, named = columns_of(self.forms), self.data.columns
        beside = [name for name in (named.split, named.reference) if name is not None]
        request = TableRequest(
            part=file.part,
            wanted=tuple(dict.fromkeys([*columns, *beside])),
            limits=self.data.limits,
            optional=frozenset((*columns, *([named.reference] if named.reference else []))),
            hints=dict.fromkeys(self.forms[0].needed, _allowed(self.forms)),
            of_objects=frozenset(name for form in self.forms for name in form.needed),
            csv=self.data.csv,
            notices=self.found,
        )
        return request.within(file)

    def _split(self, row: Row, origin: RowOrigin) -> str | None:
        column = self.data.columns.split
        if column is None:
            return self.named.splits.get(origin.part)
        word = row.get(column)
        split = canonical_split(word) if isinstance(word, str) else None
        if split is None:
            raise origin.error(
                f"column {column} is {ascii(word)[:40]}, which is not a split. Allowed: "
                f"{', '.join(SPLITS)}."
            )
        if split != word:
            origin.say("converted", "words for splits are read as others", f"{word} as {split}")
        return split

    def _reference(self, row: Row, origin: RowOrigin) -> str | None:
        """Return what the last answer is checked against; values other than texts as JSON."""
        column = self.data.columns.reference
        value = None if column is None else row.get(column)
        if value is None or isinstance(value, str):
            return value
        try:
            return json.dumps(value, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise origin.error(
                f"column {column} is {ascii(value)[:40]}, which JSON cannot hold. Write a text."
            ) from None


def _rows(
    file: InputFile, request: TableRequest, forms: tuple[ConversationForm, ...]
) -> Iterator[Row]:
    path = PurePath(file.part)
    if is_json(path):
        return (record for _, record in json_records(file, request))
    return (_csv_rows if is_csv(path) else _arrow_rows)(file, request, forms)


def _csv_rows(
    file: InputFile, request: TableRequest, forms: tuple[ConversationForm, ...]
) -> Iterator[Row]:
    with text_stream(file, request.limits, request.notices, newline="") as text:
        table = csv_rows(text, request)
        names = request.present(table.header)
        if not _has_form(names, forms):
            _all_wanted(request).present(table.header)
        places = {name: table.header.index(own) for name, own in names.items()}
        for _, fields in table.rows:
            # CSV cannot tell an empty field from a missing one.
            yield {name: fields[place] or None for name, place in places.items()}


def _arrow_rows(
    file: InputFile, request: TableRequest, forms: tuple[ConversationForm, ...]
) -> Iterator[Row]:
    from stillroom.data.tables.arrow_process import arrow_batches

    for frame in arrow_batches(file, request):
        if not _has_form(frame.columns, forms):
            list(arrow_batches(file, _all_wanted(request)))
        yield from frame.iter_rows(named=True)


def _allowed(forms: tuple[ConversationForm, ...]) -> str:
    return f"Conversations stand in {'; or in '.join(form.words for form in forms)}."


def _has_form(columns: Iterable[str], forms: tuple[ConversationForm, ...]) -> bool:
    return any(set(form.needed) <= set(columns) for form in forms)


def _all_wanted(request: TableRequest) -> TableRequest:
    """Return a request whose error lists the columns of a file without conversations."""
    return replace(request, optional=frozenset())
