"""Text streams: encodings, packed files and long lines."""

import gzip

import pytest
from support.examples.table_request import limits

from stillroom.data.files.input_file import open_input
from stillroom.data.files.text_stream import bounded_lines, text_stream
from stillroom.errors import DataError


def lines(folder, content, name="a.txt", newline=None, **changes):
    path = folder / name
    path.write_bytes(content)
    notices = []
    with (
        open_input(path, name, limits(**changes)) as file,
        text_stream(file, limits(**changes), notices, newline) as text,
    ):
        return list(bounded_lines(text, name, limits(**changes))), notices


def test_lines_keep_their_ends_as_asked(tmp_path):
    content = b"a\r\nb\rc\n"
    assert lines(tmp_path, content, newline="")[0] == ["a\r\n", "b\r", "c\n"]
    assert lines(tmp_path, content)[0] == ["a\n", "b\n", "c\n"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_mark_says_the_encoding(tmp_path, encoding):
    read, notices = lines(tmp_path, "é\n満\n".encode(encoding))
    assert read == ["é\n", "満\n"]
    assert notices[0].kind == "guessed"


def test_a_packed_file_is_unpacked(tmp_path):
    assert lines(tmp_path, gzip.compress(b"a\nb", mtime=0), "a.txt.gz")[0] == ["a\n", "b"]


def test_a_bomb_is_refused_within_the_budget(tmp_path):
    packed = gzip.compress(b"\n" * 10**6, mtime=0)
    with pytest.raises(DataError, match=r"unpacks to more than 5,000 bytes from"):
        lines(tmp_path, packed, "a.txt.gz", bytes=5000)


def test_a_line_beyond_the_limit_is_refused_with_its_number(tmp_path):
    assert lines(tmp_path, b"1234\n12345", record=5)[0] == ["1234\n", "12345"]
    with pytest.raises(DataError, match=r"a\.txt line 2 is longer than data\.limits\.record, 5"):
        lines(tmp_path, b"1234\n123456", record=5)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a\n\xff\n", "a.txt is not UTF-8 .*iconv"),
        ("a".encode("utf-16") + b"\x00", "a.txt is not UTF-16"),
        (b"a\nb\0\n", "a.txt line 2 holds a NUL character"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, content, words):
    with pytest.raises(DataError, match=words):
        lines(tmp_path, content)
