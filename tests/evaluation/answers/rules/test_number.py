"""The last number of a text, each with the value that a reader gives it."""

from fractions import Fraction
from time import process_time

import pytest

from stillroom.evaluation.answers.rules.number import LONGEST, Number, last_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("It costs $1,250.50 in all.", "1250.5"),
        ("#### 18", "18"),
        ("18 km, or so", "18"),
        ("18km", "18"),
        ("about 50%", "50"),
        ("a total of 1,234,567", "1234567"),
        ("1\u202f234 or 1\u00a0234", "1234"),
        ("first 3, then 4.", "4"),
        ("**42**", "42"),
        (r"so it is \boxed{42}.", "42"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("2E-1", "0.2"),
        ("-7", "-7"),
        ("\u22124", "-4"),
        ("-$3", "-3"),
        ("= +5", "5"),
        ("5-3", "3"),
        ("f(1)-2", "2"),
        ("3/4", "3/4"),
        ("1 1/2 cups", "3/2"),
        ("2\u00bd", "5/2"),
        ("\u2154", "2/3"),
        (r"$\frac{3}{4}$", "3/4"),
        ("\u0663", "3"),
    ],
)
def test_the_last_number_is_read(text: str, value: str) -> None:
    assert last_number(text) == Fraction(value)


@pytest.mark.parametrize(
    "text", ["", "no number", "utf8", "x2", "v1.5", "version 1.2.3", "3,5", "7/0", "9" * 5000, "."]
)
def test_what_is_no_number_is_not_read(text: str) -> None:
    assert last_number(text) is None


def test_a_number_that_is_too_long_is_passed_over() -> None:
    assert last_number(f"3 {'9' * (LONGEST + 1)}") == 3
    assert last_number("1e999") == 10**999
    assert last_number("4 1e99999") == 4


def test_a_text_of_many_numbers_takes_time_in_proportion() -> None:
    before = process_time()
    assert last_number("-1 " * 40_000 + "(1)-2") == 2
    assert process_time() - before < 5  # 70 s, when each sign read the text before it


def test_equal_values_are_right_in_any_form() -> None:
    rule = Number()
    half = rule.expected("The answer is 1/2.")
    answers = ["0.5", "It is 0.50 litres", "\u00bd", "0.51", "none", "50%"]
    assert rule.are_right(answers, [half] * 6) == [True, True, True, False, False, False]
    assert rule.expected("no number") is None
