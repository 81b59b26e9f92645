"""Documents: what a document is, their order, and refusals by name."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.examples.data_config import a_data

from stillroom.data.text.documents import TextFiles
from stillroom.errors import DataError


def files(path: Path, **changes: Any) -> TextFiles:
    documents = {"cut": "file", "join": 0, "longest": 1000} | changes
    return TextFiles.at(path, a_data(path=path.name, documents=documents))


def texts(path: Path, **changes: Any) -> list[tuple[str, int, str]]:
    return [(one.part, one.row, one.text) for one in files(path, **changes)]


TEXT = "one\ntwo\n\n  \nthree\n\nfour"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cut": "file"}, [TEXT]),
        ({"cut": "line"}, ["one", "two", "three", "four"]),
        ({"cut": "line", "join": 6}, ["one\ntwo", "three\nfour"]),
        ({"cut": "paragraph"}, ["one\ntwo", "three", "four"]),
        ({"cut": "paragraph", "join": 8}, ["one\ntwo\n\nthree", "four"]),
    ],
    ids=["file", "line", "lines joined", "paragraph", "paragraphs joined"],
)
def test_a_text_file_is_cut_as_configured(
    tmp_path: Path, changes: dict[str, Any], expected: list[str]
) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    assert texts(tmp_path, **changes) == [("a.txt", row, t) for row, t in enumerate(expected)]


def test_a_folder_is_read_in_the_order_of_names_in_every_format(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.md").write_text("from markdown")
    (tmp_path / "a.csv").write_text('text,n\n"one, two",1\nthree,2\n')
    (tmp_path / "c.jsonl").write_text('{"text": "four"}\n\n{"text": "five", "more": 1}\n')
    pl.DataFrame({"text": ["six"]}).write_parquet(tmp_path / "d.parquet")
    (tmp_path / "e.png").write_bytes(b"x")
    (tmp_path / ".hidden.txt").write_text("never")
    assert texts(tmp_path) == [
        ("a.csv", 0, "one, two"),
        ("a.csv", 1, "three"),
        ("b/x.md", 0, "from markdown"),
        ("c.jsonl", 0, "four"),
        ("c.jsonl", 1, "five"),
        ("d.parquet", 0, "six"),
    ]
    (tmp_path / "about.json").write_text("{}")
    assert files(tmp_path).skipped == {".png": 1}
    assert [one.text for one in files(tmp_path).notices] == [
        "JSON documents beside other files are not read: 1 (about.json). If they hold rows, write "
        "them as JSON Lines.",
        "Hidden files and folders are not read: 1 (.hidden.txt).",
    ]
    assert set(files(tmp_path).files) == {"a.csv", "b/x.md", "c.jsonl", "d.parquet"}


def test_one_file_is_a_corpus(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").write_text("two")
    assert texts(tmp_path / "b.txt") == [("b.txt", 0, "two")]


def test_a_corpus_can_be_walked_over_again(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    documents = files(tmp_path, cut="line")
    assert list(documents) == list(documents)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"", r"document 1 of a\.txt is empty"),
        ("a.txt", b" \n ", r"document 1 of a\.txt is empty"),
        ("a.txt", b"good \xff\xfe", r"a\.txt is not UTF-8 \(0xff at byte 5 of"),
        (
            "a.txt",
            b"x" * 1001,
            r"document 1 of a\.txt is longer than data\.documents\.longest, 1,000",
        ),
        ("a.csv", b"title\nx\n", r"a\.csv has no column text\. Its columns: title"),
        ("a.csv", b"text,n\nx\n", r"a\.csv row 0 has 1 fields, but the header has 2"),
        ("a.csv", b"text,n\nx,1\n,2\n", r"document 2 of a\.csv is empty"),
        ("a.jsonl", b'{"title": "x"}\n', r"a\.jsonl line 1 has no column text"),
        ("a.jsonl", b'{"text": 3}\n', r"a\.jsonl line 1: text is 3, not text"),
        ("a.jsonl", b'{"text": "\\ud800"}\n', r"a\.jsonl line 1: text is not Unicode text"),
        ("a.jsonl", b"[1]\n", r"a\.jsonl line 1 is not a JSON object"),
        ("a.jsonl", b"{", r"a\.jsonl line 1 is not JSON"),
        ("a.parquet", b"PAR1", r"a\.parquet is not a readable parquet file"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        list(files(tmp_path))


def test_a_missing_text_of_a_parquet_file_is_an_empty_document(tmp_path: Path) -> None:
    pl.DataFrame({"text": ["one", None]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"document 2 of a\.parquet is empty"):
        list(files(tmp_path))


def test_a_path_without_texts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        files(tmp_path / "none")
    with pytest.raises(DataError, match=r"holds no text file\. Allowed: \.txt"):
        files(tmp_path)
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(DataError, match=r"holds no text"):
        files(tmp_path / "a.png")
