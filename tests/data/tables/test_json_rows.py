"""JSON rows: lines, lists and columns of objects, against the json module."""

import gzip
import json

import pytest
from support.examples.table_request import a_request, columns_of, limits

from stillroom.data.files.input_file import open_input
from stillroom.data.tables.table_files import json_records
from stillroom.errors import DataError

ROWS = [("a", "x"), ("b", "y")]
RECORDS = [dict(zip(("text", "label"), row, strict=True)) for row in ROWS]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)


def read(folder, content, name, **changes):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return columns_of(path, ("text", "label"), **changes).frame.rows()


def refusal(folder, content, name, **changes):
    with pytest.raises(DataError) as refused:
        read(folder, content, name, **changes)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.jsonl", LINES),
        ("t.ndjson", LINES.replace("\n", "\r\n")),
        ("t.jsonl", "\ufeff\n" + LINES),
        ("t.jsonl", ("\ufeff" + LINES).encode("utf-16-le")),
        ("t.jsonl.gz", gzip.compress(LINES.encode(), mtime=0)),
        ("t.json", LINES),
        ("t.json", json.dumps(RECORDS)),
        ("t.json", json.dumps(RECORDS, indent=2)),
        ("t.json", json.dumps({"text": ["a", "b"], "label": ["x", "y"], "n": [1, 2]})),
        ("t.json", json.dumps({"text": {"0": "a", "1": "b"}, "label": {"0": "x", "1": "y"}})),
        ("t.json.gz", gzip.compress(json.dumps(RECORDS).encode(), mtime=0)),
    ],
)
def test_each_form_of_json_gives_the_same_rows(tmp_path, name, content):
    assert read(tmp_path, content, name) == ROWS


def test_one_object_is_one_row(tmp_path):
    assert read(tmp_path, json.dumps(RECORDS[0], indent=1), "t.json") == ROWS[:1]


@pytest.mark.parametrize("name", ["t.jsonl", "t.json"])
@pytest.mark.parametrize(
    "line",
    [
        '{"text": "a", "label": "x", "label": "y"}',
        '{"text": "a", "text": "a", "label": "x"}',
        '{"text": "a", "label": "x", "more": {"k": 1, "k": 2}}',
        '{"text": "a", "label": "x", "n": 1, "n": 1}',
    ],
)
def test_a_key_that_stands_twice_is_refused(tmp_path, name, line):
    words = refusal(tmp_path, line + "\n", name)
    assert "stands twice in an object" in words


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[" * 100_000, "nested too deeply"),
        ("[1, 2]", "row 0 is not a JSON object"),
        ('[{"text": "a", "label": "x"}, 3]', "row 1 is not a JSON object"),
        ('"text"', "neither a list nor an object"),
        ('{"text": ["a"], "label": []}', "its columns differ in length"),
        ('{"text": {"0": "a"}, "label": {"1": "x"}}', "its columns have different rows"),
        ('{"version": 1, "data": [{"text": "a", "label": "x"}]}', "the table lies below a key"),
        ("", "not a readable json file"),
        ("{", "not a readable json file"),
        ('[{"text": "a", "label": "x"}', "not a readable json file"),
    ],
)
def test_a_document_that_is_no_table_is_refused(tmp_path, content, words):
    assert words in refusal(tmp_path, content, "t.json")


def test_a_line_beyond_the_budget_is_refused(tmp_path):
    words = refusal(tmp_path, LINES, "t.jsonl", limits=limits(record=10))
    assert "line 1 is longer than data.limits.record" in words


def test_more_rows_than_allowed_are_refused(tmp_path):
    for name, content in (("t.jsonl", LINES), ("t.json", json.dumps(RECORDS))):
        assert "more than 1 rows" in refusal(tmp_path, content, name, limits=limits(rows=1))


def test_a_packed_file_that_unpacks_beyond_the_budget_is_refused(tmp_path):
    packed = gzip.compress(b'{"text": "' + b"a" * 10**6 + b'", "label": "x"}\n', mtime=0)
    words = refusal(tmp_path, packed, "t.jsonl.gz", limits=limits(bytes=10**5))
    assert "unpacks to more than 100,000 bytes" in words


@pytest.mark.parametrize(
    "document",
    [
        json.dumps(RECORDS),
        json.dumps({"text": ["a", "b"], "label": ["x", "y"]}),
        json.dumps({"text": {"0": "a", "1": "b"}, "label": {"0": "x", "1": "y"}}),
        LINES,
        "[" + "{}," * 100 + "{}]",
        " " * 1000,
    ],
)
def test_a_document_beyond_the_budget_of_a_row_is_refused(tmp_path, document):
    content = document.encode()
    small = limits(record=len(content) - 1)
    for name, stored in (("t.json", content), ("t.json.gz", gzip.compress(content))):
        words = refusal(tmp_path, stored, name, limits=small)
        assert "more than data.limits.record" in words
        assert "Write it as JSON Lines (.jsonl)" in words


def test_a_document_of_just_the_budget_of_a_row_is_read(tmp_path):
    content = json.dumps(RECORDS)
    assert read(tmp_path, content, "t.json", limits=limits(record=len(content))) == ROWS


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(LINES.encode(), mtime=0)[:-9]])
def test_a_damaged_packed_file_is_refused(tmp_path, content):
    assert refusal(tmp_path, content, "t.jsonl.gz").startswith("t.jsonl.gz cannot be unpacked")


@pytest.mark.parametrize(
    ("document", "rows"),
    [
        ({"turns": [{"role": "user"}], "n": 1}, 1),
        ({"turns": [{"role": "user"}, {"role": "tool"}]}, 1),
        ({"turns": [[{"role": "user"}], [{"role": "tool"}]]}, 2),
        ({"turns": ["[]", "[]", "[]"]}, 3),
    ],
)
def test_a_document_with_a_list_of_objects_can_be_a_row(tmp_path, document, rows):
    path = tmp_path / "t.json"
    path.write_text(json.dumps(document))
    request = a_request("t.json", ("turns",), of_objects=frozenset({"turns"}))
    with open_input(path, "t.json", request.limits) as file:
        assert len(list(json_records(file, request))) == rows
