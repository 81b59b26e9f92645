"""Printable text: nothing of a text can steer a terminal or hide, and words stay as they are."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.io.printable import UNKNOWN, printable, printable_lines, printable_message

HOSTILE = {
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "title": "\x1b]0;owned\x1b\\",
    "colour": "\x1b[31m",
    "c1": "\x9b31m",
    "backspace": "safe\b\b\b\bevil",
    "return": "safe\revil",
    "null": "a\x00b",
    "override": "\u202egpj.exe",
    "isolate": "\u2066a\u2069",
    "mark": "\u200fa",
    "zero width": "pay\u200bpal",
    "byte order mark": "\ufeffa",
    "word joiner": "a\u2060b",
    "tag": "a\U000e0041b",
    "surrogate": "a\ud800b",
    "line separator": "a\u2028b",
    "private": "\ue000",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_steers_or_hides_is_replaced(name: str) -> None:
    shown = printable(HOSTILE[name])
    assert UNKNOWN in shown
    shown.encode("utf-8")
    for letter in shown:
        assert unicodedata.category(letter) not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")


@pytest.mark.parametrize(
    "text",
    [
        "Größe",
        "日本\u3000語",
        "une\u00a0classe",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "👩\u200d👩\u200d👧",
        "[bold]a[/]",
        "",
    ],
)
def test_words_of_every_script_stay(text: str) -> None:
    assert printable(text) == text


def test_line_breaks_stay_only_where_lines_are_printed() -> None:
    assert printable_lines("a\tb\nc\r") == f"a\tb\nc{UNKNOWN}"
    assert printable("a\nb") == f"a{UNKNOWN}b"


@given(st.text(st.characters(exclude_categories=())))
def test_the_length_stays_and_nothing_controls(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in shown)
    assert printable(shown) == shown


def test_further_lines_of_a_message_are_indented() -> None:
    assert printable_message("a.csv\nError: all is well\x1b") == "a.csv\n  Error: all is well\ufffd"
