"""Column values: columns of any type, checked row by row."""

import math

import polars as pl
import pytest

from stillroom.data.tables.labels_and_texts import as_labels, as_texts, named_labels
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
    with pytest.raises(DataError, match=r"t\.csv: column label holds lists of numbers"):
        as_labels(pl.Series("label", [[1]]), "t.csv")


def test_a_missing_text_is_refused_with_its_row():
    with pytest.raises(DataError, match=r"t\.csv row 2: column words is empty"):
        as_texts(pl.Series("words", ["a", "b", None]), "t.csv")


def test_numbers_are_no_text():
    with pytest.raises(DataError, match=r"t\.csv: column words holds numbers; allowed: text"):
        as_texts(pl.Series("words", [1]), "t.csv")


def test_a_whole_decimal_is_a_label():
    column = pl.Series("label", ["3.00", "4.00"]).cast(pl.Decimal(10, 2))
    assert as_labels(column, "t").to_list() == ["3", "4"]


@pytest.mark.parametrize(
    ("values", "dtype", "words"),
    [
        ([{"bytes": b"", "path": "a"}], None, "records of bytes, path"),
        ([0], pl.Date(), "dates or times"),
        ([0], pl.Datetime(), "dates or times"),
        ([b"a"], None, "bytes"),
        ([["a"]], None, "lists of text"),
    ],
)
def test_a_column_of_another_type_is_named_in_plain_words(values, dtype, words):
    column = pl.Series("label", values, dtype=dtype)
    with pytest.raises(DataError, match=f"t: column label holds {words}; allowed: text or whole"):
        as_labels(column, "t")
    with pytest.raises(DataError, match=f"t: column label holds {words}; allowed: text"):
        as_texts(column, "t")


def test_whole_numbers_are_indices_into_the_class_names_of_the_file():
    notices = []
    column = pl.Series("label", [1, 0, -1, None, 1])
    labels = named_labels(column, ["neg", "pos"], "t", notices)
    assert labels.to_list() == ["pos", "neg", None, None, "pos"]
    assert [(one.kind, one.text) for one in notices] == [
        (
            "guessed",
            "t: column label holds indices of the class names in the file (neg, pos); "
            "2 rows have none.",
        )
    ]


@pytest.mark.parametrize("value", [2, -2])
def test_a_number_that_is_no_index_is_refused(value):
    column = pl.Series("label", [0, value])
    with pytest.raises(
        DataError, match=rf"t row 1: label {value} is not the index of one of the 2"
    ):
        named_labels(column, ["neg", "pos"], "t", [])


def test_text_beside_class_names_stays_text():
    assert named_labels(pl.Series("label", ["0", "1"]), ["a", "b"], "t", []).to_list() == ["0", "1"]
