"""Cleaning: equal inputs become one row, and all removed rows are counted."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.data.ingest.cleaning import Conflict, clean
from stillroom.errors import DataError

SCHEMA = ["example_id", "label", "split", "part", "row", "origin", "content"]


def rows(*examples):
    """Each example is (input, label) or (input, label, split)."""
    frame = [
        (e[0].encode(), e[1], e[2] if len(e) > 2 else None, "t.csv", row, f"t.csv row {row}", e[0])
        for row, e in enumerate(examples)
    ]
    types = dict.fromkeys(SCHEMA, pl.String) | {"example_id": pl.Binary, "row": pl.Int64}
    return pl.DataFrame(frame, schema=types, orient="row")


def left(cleaned, *columns):
    return cleaned.frame.select(columns).rows()


def test_exact_duplicates_become_their_first_row():
    cleaned = clean(rows(("a", "x"), ("b", "y"), ("a", "x"), ("a", "x")), "refuse")
    assert left(cleaned, "content", "label", "row") == [("a", "x", 0), ("b", "y", 1)]
    assert (cleaned.duplicates, cleaned.conflicting, cleaned.leaked) == (2, 0, 0)


def test_a_label_beside_a_missing_one_is_kept_and_is_no_conflict():
    cleaned = clean(rows(("a", None), ("a", "x"), ("b", None)), "refuse")
    assert left(cleaned, "content", "label", "row") == [("a", "x", 0), ("b", None, 2)]
    assert cleaned.duplicates == 1


def test_a_conflict_is_refused_with_its_places_and_labels():
    with pytest.raises(DataError) as refused:
        clean(rows(("a", "x"), ("b", "x"), ("a", "y")), "refuse")
    assert str(refused.value).startswith(
        "t.csv row 0, t.csv row 2 hold the same input with several labels (x, y); 1 such inputs "
        "in all"
    )


def test_drop_removes_every_row_of_a_conflict():
    cleaned = clean(rows(("a", "x"), ("a", "x"), ("a", "y"), ("b", "y")), "drop")
    assert left(cleaned, "content", "label") == [("b", "y")]
    assert (cleaned.duplicates, cleaned.conflicting, cleaned.dropped) == (2, 1, 1)


def test_majority_takes_the_most_frequent_label():
    cleaned = clean(rows(("a", "y"), ("a", "x"), ("a", "x"), ("a", None), ("a", None)), "majority")
    assert left(cleaned, "content", "label", "row") == [("a", "x", 0)]
    assert (cleaned.duplicates, cleaned.conflicting, cleaned.dropped) == (4, 1, 0)


def test_majority_drops_a_tie():
    cleaned = clean(rows(("a", "y"), ("a", "x"), ("b", "z")), "majority")
    assert left(cleaned, "content", "label") == [("b", "z")]
    assert (cleaned.conflicting, cleaned.dropped) == (1, 1)


def test_a_conflict_is_reported_with_part_row_labels_and_places():
    cleaned = clean(rows(("b", "z"), ("a", "y"), ("a", "x")), "drop")
    assert cleaned.conflicts == (Conflict("t.csv", 1, ("x", "y"), ("t.csv row 1", "t.csv row 2")),)


def test_at_most_five_conflicts_are_shown_and_all_are_counted():
    pairs = [(name, label) for name in "abcdefgh" for label in "xy"]
    cleaned = clean(rows(*pairs), "drop")
    assert [conflict.row for conflict in cleaned.conflicts] == [0, 2, 4, 6, 8]
    assert cleaned.conflicting == 8


def test_test_wins_over_validation_and_validation_over_train():
    cleaned = clean(
        rows(
            ("a", "x", "train"),
            ("a", "x", "validation"),
            ("a", "x", "test"),
            ("b", "y", "train"),
            ("b", "y", "validation"),
            ("c", "z", "train"),
        ),
        "refuse",
    )
    assert left(cleaned, "content", "split", "row") == [
        ("a", "test", 2),
        ("b", "validation", 4),
        ("c", "train", 5),
    ]
    assert (cleaned.leaked, cleaned.duplicates) == (3, 0)


def test_a_duplicate_within_a_split_is_no_leakage():
    cleaned = clean(rows(("a", "x", "train"), ("a", "x", "train"), ("a", "x", "test")), "refuse")
    assert (cleaned.duplicates, cleaned.leaked) == (1, 1)


def test_two_inputs_without_any_label_are_no_tie():
    cleaned = clean(rows(("a", None), ("a", None)), "majority")
    assert left(cleaned, "content", "label") == [("a", None)]


examples = st.tuples(
    st.sampled_from("abcde"),
    st.sampled_from(["x", "y", None]),
    st.sampled_from(["train", "validation", "test"]),
)


@given(st.lists(examples, min_size=1), st.sampled_from(["drop", "majority"]))
def test_every_row_is_kept_or_counted_once(given_rows, treatment):
    cleaned = clean(rows(*given_rows), treatment)
    gone = cleaned.duplicates + cleaned.leaked + cleaned.dropped
    assert cleaned.frame.height + gone == len(given_rows)
    assert cleaned.frame["content"].n_unique() == cleaned.frame.height


@given(st.lists(examples, min_size=1), st.sampled_from(["drop", "majority"]), st.randoms())
def test_the_order_in_which_rows_are_read_does_not_matter(given_rows, treatment, random):
    frame = rows(*given_rows)
    order = list(range(frame.height))
    random.shuffle(order)
    one, other = clean(frame, treatment), clean(frame[order], treatment)
    assert one.frame.equals(other.frame)
    assert one.conflicts == other.conflicts
