"""JSON rows: JSON Lines, or one JSON document, in; records out.

.jsonl, .ndjson   an object in each line                          ──┐
.json             a list of objects, or an object of columns,     ──┴──> (origin, {name: value})
                  or an object in each line
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from stillroom.data.files.text_stream import bounded_lines
from stillroom.data.tables.table_request import TableRequest, require_rows, unreadable
from stillroom.errors import DataError

Record = Mapping[str, object]


def json_lines(text: TextIO, request: TableRequest) -> Iterator[tuple[str, Record]]:
    """Yield the object of each line that is not blank, with its name in messages.

    Raises:
        DataError: a line is not an object, or a key stands twice in it.
    """
    count = 0
    for number, line in enumerate(bounded_lines(text, request.part, request.limits), start=1):
        if line.strip():
            count += 1
            require_rows(count, request)
            origin = f"{request.part} line {number}"
            yield origin, _object(line, origin)


def json_document(text: TextIO, request: TableRequest) -> Iterator[tuple[str, Record]]:
    """Yield the records of one document; or of JSON Lines, whatever the suffix says.

    Raises:
        DataError: the document is no table.
    """
    content = _content(text, request)
    try:
        document = parsed_json(content)
    except ValueError as error:
        if _starts_with_object(content):
            yield from _json_lines_of(content, request)
            return
        raise unreadable(request.part, error) from error
    except RecursionError as error:
        raise unreadable(request.part, "it is nested too deeply") from error
    records = _records(document, request)
    require_rows(len(records), request)
    for row, record in enumerate(records):
        origin = f"{request.part} row {row}"
        if not isinstance(record, dict):
            raise DataError(f"{origin} is not a JSON object. Write one object for each row.")
        yield origin, record


def _content(text: TextIO, request: TableRequest) -> str:
    """Return all text, at most as much as of a row: its objects take many times the memory."""
    content = text.read(request.limits.record + 1)
    if len(content) > request.limits.record:
        raise DataError(
            f"{request.part} is one JSON document of more than data.limits.record, "
            f"{request.limits.record:,} characters, and is read at once. Write it as JSON Lines "
            "(.jsonl), which are read line by line, or raise data.limits.record."
        )
    return content


def _json_lines_of(content: str, request: TableRequest) -> Iterator[tuple[str, Record]]:
    return json_lines(io.StringIO(content), request)


def _starts_with_object(content: str) -> bool:
    """Tell whether the first line is an object, as in JSON Lines."""
    try:
        return isinstance(json.loads(content.lstrip().partition("\n")[0]), dict)
    except (ValueError, RecursionError):
        return False


def _records(document: object, request: TableRequest) -> Sequence[object]:
    match document:
        case list():
            return document
        case dict() if any(_is_of_objects(document.get(name)) for name in request.of_objects):
            return [document]
        case dict() if document and all(isinstance(value, list) for value in document.values()):
            return _of_columns(document, request)
        case dict() if document and all(isinstance(value, dict) for value in document.values()):
            # As pandas writes a table: {"text": {"0": "a", "1": "b"}, …}
            if len({tuple(value) for value in document.values()}) > 1:
                raise unreadable(request.part, "its columns have different rows")
            return _of_columns(
                {name: [*value.values()] for name, value in document.items()}, request
            )
        case dict() if any(isinstance(value, list) for value in document.values()):
            raise unreadable(
                request.part, "the table lies below a key", "Write the list alone, as with jq."
            )
        case dict():
            return [document]
    raise unreadable(request.part, "it is neither a list nor an object")


def _is_of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _of_columns(columns: Mapping[str, list[Any]], request: TableRequest) -> Sequence[object]:
    if len({len(values) for values in columns.values()}) > 1:
        raise unreadable(request.part, "its columns differ in length")
    names = [name for name in columns if name in request.wanted] or list(columns)[:1]
    rows = zip(*(columns[name] for name in names), strict=True)
    others = dict.fromkeys(columns)
    return [others | dict(zip(names, values, strict=True)) for values in rows]


def _object(line: str, origin: str) -> Record:
    try:
        record = parsed_json(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{origin} is not JSON ({error}). Correct the line.") from error
    if not isinstance(record, dict):
        raise DataError(f"{origin} is not a JSON object. Write one object per line.")
    return record


def parsed_json(content: str) -> object:
    """Return the value of a JSON text.

    Raises:
        ValueError: it is no JSON, or a key stands twice in an object.
        RecursionError: it is nested too deeply.
    """
    return json.loads(content, object_pairs_hook=_distinct)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:40]!a} stands twice in an object")
    return values
