"""Column values: columns of any type, checked row by row."""

import math

import polars as pl
import pytest

from stillroom.data.tables.column_values import as_features, as_labels, as_texts
from stillroom.errors import DataError


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["a", "", None, " "], ["a", None, None, None]),
        ([3, None], ["3", None]),
        ([3.0, math.nan, None], ["3", None, None]),
        ([True, False], ["true", "false"]),
        (["007", "7"], ["007", "7"]),
        ([None, None], [None, None]),
    ],
)
def test_a_label_becomes_its_name(values, names):
    labels = as_labels(pl.Series("label", values), "t.csv")
    assert labels.to_list() == names
    assert labels.dtype == pl.String


def test_categories_are_labels():
    column = pl.Series("label", ["a", "b"]).cast(pl.Categorical)
    assert as_labels(column, "t").to_list() == ["a", "b"]


@pytest.mark.parametrize("value", [0.5, math.inf, 1e300])
def test_a_fraction_or_an_infinity_is_no_label(value):
    with pytest.raises(DataError, match=r"t\.csv row 1: label .* in column label"):
        as_labels(pl.Series("label", [1.0, value]), "t.csv")


def test_a_list_is_no_label():
    with pytest.raises(DataError, match=r"t\.csv: column label is List"):
        as_labels(pl.Series("label", [[1]]), "t.csv")


def test_a_missing_text_is_refused_with_its_row():
    with pytest.raises(DataError, match=r"t\.csv row 2: column words is empty"):
        as_texts(pl.Series("words", ["a", "b", None]), "t.csv")


def test_numbers_are_no_text():
    with pytest.raises(DataError, match=r"t\.csv: column words is Int64; allowed: text"):
        as_texts(pl.Series("words", [1]), "t.csv")


def test_features_of_text_and_numbers_are_read_in_the_order_of_the_columns():
    frame = pl.DataFrame({"b": ["1.5", "-0.0"], "a": [2, 3]})
    lists = as_features(frame, "t.csv")
    assert lists.to_list() == [[1.5, 2.0], [0.0, 3.0]]
    assert math.copysign(1, lists[1][0]) == 1
    assert lists.dtype == pl.List(pl.Float64)


def test_no_rows_give_no_features():
    frame = pl.DataFrame({"a": [], "b": []}, schema={"a": pl.String, "b": pl.Float64})
    assert as_features(frame, "t.csv").len() == 0


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
        as_features(pl.DataFrame({"a": ["1", value]}), "t.csv")


def test_dates_are_no_numbers():
    frame = pl.DataFrame({"a": pl.Series([0], dtype=pl.Date)})
    with pytest.raises(DataError, match="column a is Date; allowed: numbers"):
        as_features(frame, "t.csv")
