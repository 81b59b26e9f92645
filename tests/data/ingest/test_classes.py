"""Classes: names in their natural order."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.data.ingest.classes import class_names, label_indices, natural_key
from stillroom.errors import ConfigError, DataError


def labels(*names):
    origins = [f"t.csv row {row}" for row in range(len(names))]
    return pl.DataFrame({"label": pl.Series(names, dtype=pl.String), "origin": origins})


def test_numbers_are_sorted_by_value():
    assert class_names(labels("10", "9", "-1", "1.5", "2"), None) == ("-1", "1.5", "2", "9", "10")


def test_digits_inside_names_are_sorted_by_value_and_numbers_come_first():
    assert class_names(labels("cat10", "cat9", "7", "cat"), None) == ("7", "cat", "cat9", "cat10")


def test_names_that_differ_in_leading_zeros_are_two_classes():
    assert class_names(labels("01", "1", "1"), None) == ("01", "1")


@given(st.lists(st.text(), unique=True))
def test_the_order_is_total(names):
    forth = sorted(names, key=natural_key)
    backwards = names[::-1]
    assert forth == sorted(backwards, key=natural_key)


def test_a_name_of_a_million_digits_is_sorted():
    assert natural_key("a" + "9" * 10**6) > natural_key("a8")


def test_declared_classes_keep_their_order_and_may_be_absent_from_the_data():
    assert class_names(labels("b", "a"), ["c", "b", "a"]) == ("c", "b", "a")


def test_an_undeclared_label_is_refused_with_file_row_and_nearest_name():
    with pytest.raises(
        DataError, match=r"t\.csv row 1: the label dgo is not in data\.classes\. Did"
    ):
        class_names(labels("dog", "dgo", "cat"), ["cat", "dog"])


def test_a_class_declared_twice_is_refused():
    with pytest.raises(ConfigError, match=r"data\.classes lists cat twice"):
        class_names(labels("cat", "dog"), ["cat", "dog", "cat"])


def test_one_class_is_refused():
    with pytest.raises(DataError, match="only the class cat"):
        class_names(labels("cat", "cat", None), None)


def test_no_label_at_all_is_refused():
    with pytest.raises(DataError, match="no label at all"):
        class_names(labels(None, None), ["cat", "dog"])


def test_labels_become_int32_places_in_the_order_of_the_classes():
    indexed = label_indices(labels("b", None, "a"), ("b", "a"))["label"]
    assert indexed.to_list() == [0, None, 1]
    assert indexed.dtype == pl.Int32
