"""CSV rows: delimiters, encodings, quotes and lines, against Python's csv module and by hand."""

import csv
import io

import pytest
from support.examples.table_request import columns_of, limits

from stillroom.config.schema.data_schema import Csv
from stillroom.errors import DataError

WANTED = ("text", "label")


def read(folder, content, name="t.csv", **changes):
    """Return the rows of `text` and `label`, and the notices."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    notices = []
    frame = columns_of(path, WANTED, notices=notices, **changes).frame
    return frame.rows(), [notice.text for notice in notices]


def refusal(folder, content, name="t.csv", **changes):
    with pytest.raises(DataError) as refused:
        read(folder, content, name, **changes)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_field_beyond_the_limit_of_the_library_is_read(tmp_path):
    long = "x" * 131_073
    assert read(tmp_path, f"text,label\n{long},a\n") == ([(long, "a")], [])


CHINESE = "\u6f22" * 140_000
LINES = "\n".join(["a line"] * 20_000)  # 139,999 characters in one quoted field


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("t.csv", f'text,label\n"{LINES}",a\nb,c\n', [(LINES, "a"), ("b", "c")]),
        ("t.csv", f"text,label\n{CHINESE},a\n", [(CHINESE, "a")]),
        ("t.tsv", f"text\tlabel\n{'x' * 140_000}\ta\n", [("x" * 140_000, "a")]),
        ("t.csv", f"more,text,label\n{'y' * 140_000},b,a\n", [("b", "a")]),
    ],
    ids=["quoted lines", "Chinese", "tabs", "another column"],
)
def test_long_fields_of_other_kinds_are_read_whole(tmp_path, name, content, rows):
    assert read(tmp_path, content, name)[0] == rows


def test_a_field_beyond_the_budget_is_refused(tmp_path):
    words = refusal(tmp_path, f"text,label\n{'x' * 100},a\n", limits=limits(record=50))
    assert "line 2 is longer than data.limits.record, 50 characters" in words


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ends_of_lines_and_quoted_line_breaks_are_those_of_the_csv_module(tmp_path, end):
    rows = [["text", "label"], ['a, "b"', "x"], ["two\nlines", "y"], ["c\r\nd", "z"]]
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator=end, quoting=csv.QUOTE_ALL).writerows(rows)
    assert read(tmp_path, written.getvalue())[0] == [tuple(row) for row in rows[1:]]


def test_blank_lines_are_no_rows(tmp_path):
    content = "\n\ntext,label\n\na,x\n   \nb,y\n\n"
    assert read(tmp_path, content)[0] == [("a", "x"), ("b", "y")]


@pytest.mark.parametrize(("sign", "name"), [(";", "semicolon"), ("\t", "tab"), ("|", "pipe")])
def test_the_delimiter_is_found_in_the_header_and_said(tmp_path, sign, name):
    content = f'text{sign}label\n"a, b{sign}c"{sign}x\n'
    rows, notices = read(tmp_path, content)
    assert rows == [(f"a, b{sign}c", "x")]
    assert notices == [f"t.csv: the delimiter is {name}, as its header says (data.csv.delimiter)."]
    assert read(tmp_path, content, csv=Csv(delimiter=name, quotes=True)) == (rows, [])


@pytest.mark.parametrize("name", ["t.tsv", "t.tab", "T.TSV"])
def test_tabs_need_no_notice_where_the_suffix_says_so(tmp_path, name):
    assert read(tmp_path, "text\tlabel\na,b;c\tx\n", name) == ([("a,b;c", "x")], [])


def test_the_line_with_which_excel_declares_a_delimiter_is_no_row(tmp_path):
    rows, notices = read(tmp_path, "sep=;\r\ntext;label\r\na;x\r\n")
    assert (rows, len(notices)) == ([("a", "x")], 1)


def test_a_comma_file_with_other_signs_in_its_header_has_commas(tmp_path):
    assert read(tmp_path, "text,label,a;b|c\na,x,1\n") == ([("a", "x")], [])


def test_a_configured_delimiter_that_does_not_fit_is_refused(tmp_path):
    assert "has no column text" in refusal(
        tmp_path, "text,label\na,x\n", csv=Csv(delimiter="pipe", quotes=True)
    )


def test_blanks_around_the_names_in_the_header_are_said(tmp_path):
    rows, notices = read(tmp_path, "text, label \na,x\n")
    assert rows == [("a", "x")]
    assert notices == ["t.csv: the column ' label ' is read as label, without the blanks."]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(tmp_path, encoding):
    text = "text,label\n満足 é,x\n"
    mark = "\ufeff" if encoding.endswith(("le", "be")) else ""
    rows, notices = read(tmp_path, (mark + text).encode(encoding))
    assert rows == [("満足 é", "x")]
    assert len(notices) == (encoding != "utf-8-sig")
    assert all("byte order mark" in notice for notice in notices)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp1251", "shift_jis"])
def test_another_encoding_is_refused_with_a_command(tmp_path, encoding):
    word = {"cp1251": "да", "shift_jis": "満足"}.get(encoding, "café")
    words = refusal(tmp_path, f"text,label\n{word},x\n".encode(encoding))
    assert words.startswith("t.csv is not UTF-8")
    assert "iconv -f" in words


@pytest.mark.parametrize(
    "content", ["text,label\na\0b,x\n", "text,label\na,x\n".encode("utf-16-le")]
)
def test_a_nul_character_is_refused_with_its_line(tmp_path, content):
    assert "holds a NUL character" in refusal(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('text,label\na,x\n"b,y\nc,z\n', "line 3: a quote opens there and is not closed"),
        ('text,label\n"a" b,x\n', "line 2: "),
        ('text,label\n"a,x\nb,y\n"c,z\n', "line 2: "),
    ],
)
def test_a_quote_that_is_not_closed_is_refused_with_its_line(tmp_path, content, line):
    words = refusal(tmp_path, content)
    assert words.startswith(f"t.csv is not a readable csv file ({line}")


def test_quotes_can_be_signs_like_any_other(tmp_path):
    content = 'text\tlabel\n"a b\tx\n"c" d\ty\n"e"\tz\n'
    assert "data.csv.quotes=false" in refusal(tmp_path, content, "t.tsv")
    plain = Csv(delimiter=None, quotes=False)
    rows, notices = read(tmp_path, content, "t.tsv", csv=plain)
    assert (rows, notices) == ([('"a b', "x"), ('"c" d', "y"), ('"e"', "z")], [])


def test_a_quote_that_swallows_more_than_the_budget_is_refused(tmp_path):
    content = 'text,label\n"a,x\n' + "b,y\n" * 50
    words = refusal(tmp_path, content, limits=limits(record=100))
    assert "line 2: a quote opens there and is not closed within data.limits.record" in words


def test_a_quoted_field_of_many_lines_is_said(tmp_path):
    content = 'text,label\n"a,x\n' + "b,y\n" * 100 + 'c",z\n'
    rows, notices = read(tmp_path, content)
    assert len(rows) == 1
    assert "the row that starts in line 2 spans 100 lines or more" in notices[0]


def test_a_header_that_stands_again_as_a_row_is_refused(tmp_path):
    words = refusal(tmp_path, "text,label\na,x\ntext,label\nb,y\n")
    assert words.startswith("t.csv row 1 (line 3) is the header again.")


@pytest.mark.parametrize("header", ["text,label,text", "text,label, label", "label,label,text"])
def test_a_column_that_stands_twice_is_refused(tmp_path, header):
    if header.endswith(" label"):  # only the exact name counts, so there is one
        assert read(tmp_path, f"{header}\na,x,y\n")[0] == [("a", "x")]
    else:
        assert "has 2 columns called" in refusal(tmp_path, f"{header}\na,x,y\n")


def test_other_columns_may_stand_twice(tmp_path):
    assert read(tmp_path, "text,,label,\na,1,x,2\n")[0] == [("a", "x")]


def test_more_rows_or_columns_than_allowed_are_refused(tmp_path):
    content = "text,label,a\n" + "b,x,1\n" * 5
    assert "more than 4 rows" in refusal(tmp_path, content, limits=limits(rows=4))
    assert "has 3 columns" in refusal(tmp_path, content, limits=limits(columns=2))
    assert len(read(tmp_path, content, limits=limits(rows=5, columns=3))[0]) == 5


def test_far_too_many_columns_are_refused_at_once(tmp_path):
    words = refusal(tmp_path, ",".join(f"c{n}" for n in range(200_000)) + "\n")
    assert "has 200,000 columns" in words
