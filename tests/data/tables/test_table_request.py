"""Table requests: which of the columns of a file are wanted ones."""

import time

import pytest
from support.examples.table_request import a_request, limits

from stillroom.data.tables.table_request import require_rows, unreadable
from stillroom.errors import DataError


def test_wanted_columns_have_their_own_names():
    request = a_request("t.csv", ["text", "label"])
    assert request.present(["label ", "x", "text"]) == {"text": "text", "label": "label "}
    assert len(request.notices) == 1
    request.present(["label ", "text"])
    assert len(request.notices) == 1


def test_an_optional_column_may_be_missing_but_not_in_another_case():
    request = a_request("t.csv", ["text", "label"], optional=frozenset(["label"]))
    assert request.present(["text"]) == {"text": "text"}
    with pytest.raises(DataError, match=r"has no column label\. Did you mean Label"):
        request.present(["text", "Label"])


def test_the_error_for_a_missing_column_ends_with_its_hint():
    request = a_request("t.csv", ["label"], hints={"label": "Set it."})
    with pytest.raises(DataError, match=r"Its columns: a, b\. Set data\.columns\. Set it\.$"):
        request.present(["a", "b"])


def test_many_columns_cost_no_time_in_an_error():
    request = a_request("t.csv", ["label"], limits=limits(columns=10**6))
    started = time.monotonic()
    with pytest.raises(DataError, match="has no column label"):
        request.present([f"c{n}" for n in range(10**5)])
    assert time.monotonic() - started < 2


def test_rows_are_counted_against_the_limit():
    request = a_request("t.csv", ["a"], limits=limits(rows=3))
    require_rows(3, request)
    with pytest.raises(DataError, match=r"t\.csv has more than 3 rows"):
        require_rows(4, request)


def test_an_unreadable_file_is_named_with_its_format():
    words = str(unreadable("a.csv.gz", "some\n reason"))
    assert words == "a.csv.gz is not a readable csv file (some reason). Replace or correct it."
