"""Feature columns: numbers and lists of numbers side by side, checked row by row."""

import math
import re
from decimal import Decimal

import polars as pl
import pytest

from stillroom.data.tables.feature_columns import as_features
from stillroom.errors import DataError


def test_features_of_text_and_numbers_are_read_in_the_order_of_the_columns():
    frame = pl.DataFrame({"b": ["1.5", "-0.0"], "a": [2, 3]})
    lists = as_features(frame, "t.csv", [])
    assert lists.to_list() == [[1.5, 2.0], [0.0, 3.0]]
    assert math.copysign(1, lists[1][0]) == 1
    assert lists.dtype == pl.List(pl.Float64)


def test_no_rows_give_no_features():
    frame = pl.DataFrame({"a": [], "b": []}, schema={"a": pl.String, "b": pl.Float64})
    assert as_features(frame, "t.csv", []).len() == 0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("nan", "column a is nan"),
        ("inf", "column a is inf"),
        ("-inf", "column a is -inf"),
        ("x", "column a is 'x', not a number"),
        (None, "column a is empty"),
    ],
)
def test_a_value_that_is_no_finite_number_is_refused_with_its_row(value, words):
    with pytest.raises(DataError, match=rf"t\.csv row 1: {words}"):
        as_features(pl.DataFrame({"a": ["1", value]}), "t.csv", [])


def test_dates_are_no_numbers():
    frame = pl.DataFrame({"a": pl.Series([0], dtype=pl.Date)})
    with pytest.raises(DataError, match="column a holds dates or times; allowed: numbers"):
        as_features(frame, "t.csv", [])


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series([" 1.5 ", "\t2\n", "\u00a03"]), [1.5, 2.0, 3.0]),
        (pl.Series([True, False, True]), [1.0, 0.0, 1.0]),
        (pl.Series(["True", "false", " TRUE "]), [1.0, 0.0, 1.0]),
        (pl.Series(["true", "0.25", "-1e3"]), [1.0, 0.25, -1000.0]),
        (pl.Series([Decimal("1.25"), Decimal("-2"), Decimal("0.1")]), [1.25, -2.0, 0.1]),
        (pl.Series([1, 2, 3], dtype=pl.UInt8), [1.0, 2.0, 3.0]),
        (pl.Series(["1", "2", "3"]).cast(pl.Categorical), [1.0, 2.0, 3.0]),
    ],
)
def test_blanks_truth_values_and_decimals_are_numbers(column, expected):
    assert as_features(column.rename("a").to_frame(), "t", []).explode().to_list() == expected


@pytest.mark.parametrize("dtype", [pl.List(pl.Float32), pl.Array(pl.Float32, 2), pl.List(pl.Int8)])
def test_an_embedding_takes_a_place_for_each_number_beside_other_columns(dtype):
    frame = pl.DataFrame(
        {"a": [1, 2], "e": pl.Series([[3.0, 4.0], [5.0, -0.0]]).cast(dtype), "b": [7, 8]}
    )
    lists = as_features(frame, "t", [])
    assert lists.to_list() == [[1, 3, 4, 7], [2, 5, 0, 8]]
    assert math.copysign(1, lists[1][2]) == 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[1.0, 2.0], [3.0]], "t row 1: column e has 1 numbers, but the rows before have 2"),
        ([[1.0], None], "t row 1: column e has 0 numbers, but the rows before have 1"),
        ([[1.0], []], "t row 1: column e has 0 numbers"),
        ([[], []], "t row 0: column e has 0 numbers"),
        ([[1.0, 2.0], [3.0, None]], "t row 1: a number is missing in column e"),
        ([[1.0], [math.nan]], "t row 1: column e is nan"),
        ([[[1.0]], [[2.0]]], "t: column e holds lists of lists of numbers"),
        ([["1"], ["2"]], "t: column e holds lists of text"),
        (
            ["[0.1, 0.2]", "[0.3, 0.4]"],
            "t row 0: column e holds a list as text. Store it as a list",
        ),
        (["1,5", "2,5"], "t row 0: column e is '1,5', not a number"),
        (["1", " "], "t row 1: column e is empty"),
        ([{"x": 1}], "t: column e holds records of x"),
    ],
)
def test_what_is_no_list_of_as_many_numbers_is_refused(values, words):
    with pytest.raises(DataError, match=re.escape(words)):
        as_features(pl.DataFrame({"e": values}), "t", [])


def test_what_is_converted_is_said():
    notices = []
    as_features(pl.DataFrame({"a": ["true", "2"], "b": [2**53 + 1, 0]}), "t", notices)
    assert [one.text for one in notices] == [
        "t: 1 values true or false of column a are 1 or 0.",
        "t: column b holds whole numbers beyond 2^53, which are rounded.",
    ]
