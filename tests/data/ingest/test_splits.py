"""Splits: they depend only on the content of an example."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.data.ingest.splits import (
    assign_splits,
    canonical_split,
    canonical_splits,
    check_splits,
    keep_labels,
    split_origins,
)
from stillroom.errors import ConfigError, DataError

SHARES = {"validation": 0.1, "test": 0.2, "seed": 0}
keys = st.lists(st.binary(min_size=16, max_size=16), unique=True, min_size=1, max_size=60)


def rows(ids, splits=None, labels=None):
    count = len(ids)
    return pl.DataFrame(
        {
            "example_id": pl.Series(ids, dtype=pl.Binary),
            "split": pl.Series(splits or [None] * count, dtype=pl.String),
            "label": pl.Series(labels or ["a"] * count, dtype=pl.String),
            "origin": [f"t.csv row {row}" for row in range(count)],
        }
    )


def many(count):
    return [i.to_bytes(16, "little") for i in range(count)]


def by_id(frame, column="split"):
    return dict(frame.select("example_id", column).iter_rows())


@given(keys, keys)
def test_adding_rows_never_moves_a_row(old, new):
    before = by_id(assign_splits(rows(old), **SHARES))
    after = by_id(assign_splits(rows(list(dict.fromkeys(old + new))), **SHARES))
    assert {key: after[key] for key in before} == before


@given(keys)
def test_the_order_of_the_rows_does_not_matter(ids):
    forth = by_id(assign_splits(rows(ids), **SHARES))
    assert by_id(assign_splits(rows(ids[::-1]), **SHARES)) == forth


def test_the_shares_are_met_within_sampling_error():
    counts = dict(assign_splits(rows(many(10_000)), **SHARES)["split"].value_counts().iter_rows())
    # Five standard deviations of a binomial: 200 for p = 0.2, 150 for p = 0.1.
    assert abs(counts["test"] - 2000) < 200
    assert abs(counts["validation"] - 1000) < 150


def test_another_seed_gives_another_split():
    frame = rows(many(1000))
    one = assign_splits(frame, **SHARES)["split"]
    other = assign_splits(frame, **{**SHARES, "seed": 1})["split"]
    # Two independent draws agree with probability .7**2 + .2**2 + .1**2 = 0.54.
    assert 0.45 < (one == other).mean() < 0.63


def test_a_larger_test_share_keeps_all_that_was_test():
    frame = rows(many(1000))
    small = assign_splits(frame, validation=0.1, test=0.1, seed=0)["split"] == "test"
    large = assign_splits(frame, validation=0.1, test=0.3, seed=0)["split"] == "test"
    assert (large | ~small).all()


def test_splits_of_the_data_are_kept():
    given_splits = ["train", "validation", "test"] * 100
    assigned = assign_splits(rows(many(300), given_splits), **SHARES)
    assert assigned["split"].to_list() == given_splits


def test_a_missing_validation_split_is_carved_out_of_train_alone():
    assigned = assign_splits(rows(many(10_000), ["train", "test"] * 5000), **SHARES)
    names = assigned["split"].to_list()
    assert set(names[1::2]) == {"test"}
    # A share of 0.1 / (1 - 0.2) = 0.125 of 5,000; five standard deviations are 117.
    assert abs(names[0::2].count("validation") - 625) < 117
    assert names[0::2].count("test") == 0


def test_a_missing_test_split_is_carved_out_of_train_alone():
    assigned = assign_splits(rows(many(10_000), ["train", "validation"] * 5000), **SHARES)
    names = assigned["split"].to_list()
    assert set(names[1::2]) == {"validation"}
    assert abs(names[0::2].count("test") - 5000 * 0.2 / 0.9) < 150


def test_data_that_is_all_train_is_split_as_data_without_splits():
    ids = many(500)
    named = assign_splits(rows(ids, ["train"] * 500), **SHARES)
    assert named["split"].to_list() == assign_splits(rows(ids), **SHARES)["split"].to_list()


def test_shares_that_leave_no_train_are_refused():
    with pytest.raises(ConfigError, match="leave nothing to train on"):
        assign_splits(rows(many(3)), validation=0.5, test=0.5, seed=0)


def test_val_means_validation():
    frame = canonical_splits(rows(many(3), ["train", "val", "test"]))
    assert frame["split"].to_list() == ["train", "validation", "test"]


def test_an_unknown_split_is_refused_with_its_row_and_the_nearest_name():
    with pytest.raises(DataError, match=r"t\.csv row 1: tests is not a split\. Did you mean test"):
        canonical_splits(rows(many(2), ["train", "tests"]))


def test_a_split_in_some_rows_only_is_refused():
    with pytest.raises(DataError, match=r"t\.csv row 1 has no split, but other rows have"):
        canonical_splits(rows(many(2), ["train", None]))


def test_label_fraction_empties_train_labels_alone():
    frame = rows(many(4000), ["train", "test"] * 2000)
    kept = keep_labels(frame, fraction=0.25, per_class=None, seed=0)
    assert kept.filter(split="test")["label"].null_count() == 0
    # Five standard deviations of a binomial over 2,000 at 0.25 are 97.
    assert abs(kept.filter(split="train")["label"].count() - 500) < 97


def test_a_fraction_of_one_keeps_all_labels():
    frame = rows(many(100), ["train"] * 100)
    assert keep_labels(frame, fraction=1.0, per_class=None, seed=0)["label"].null_count() == 0


def test_which_labels_stay_is_independent_of_the_split():
    frame = assign_splits(rows(many(10_000)), **SHARES)
    everywhere = keep_labels(
        frame.with_columns(split=pl.lit("train")), fraction=0.5, per_class=None, seed=0
    )
    test = everywhere.filter(frame["split"] == "test")
    # With one salt for both, all test rows (u < 0.2) would keep their label.
    assert abs(test["label"].count() / test.height - 0.5) < 0.06


@given(keys, st.floats(0.01, 1))
def test_a_larger_fraction_keeps_all_that_a_smaller_one_keeps(ids, fraction):
    frame = rows(ids, ["train"] * len(ids))
    smaller = keep_labels(frame, fraction=fraction / 2, per_class=None, seed=3)[
        "label"
    ].is_not_null()
    larger = keep_labels(frame, fraction=fraction, per_class=None, seed=3)["label"].is_not_null()
    assert (larger | ~smaller).all()


@pytest.mark.parametrize("missing", ["train", "validation", "test"])
def test_an_empty_split_is_refused(missing):
    names = [name for name in ("train", "validation", "test") if name != missing]
    with pytest.raises(DataError, match=f"The {missing} split is empty"):
        check_splits(rows(many(2), names))


def test_a_train_split_without_a_label_is_refused():
    frame = rows(many(3), ["train", "validation", "test"], [None, "a", "b"])
    with pytest.raises(DataError, match=r"None of the 1 examples of the train split has a label"):
        check_splits(frame)


def named(count, classes=4):
    return rows(
        many(count), ["train", "test"] * (count // 2), [f"c{i % classes}" for i in range(count)]
    )


def keep_some(frame, per_class, fraction=1.0):
    return keep_labels(frame, fraction=fraction, per_class=per_class, seed=0)


def test_so_many_labels_of_each_class_are_kept_and_all_held_out_ones():
    kept = keep_some(named(400), 5)
    counts = kept.filter(split="train")["label"].drop_nulls().value_counts()
    assert sorted(counts.rows()) == [("c0", 5), ("c2", 5)]  # the train rows are the even ones
    assert kept.filter(split="test")["label"].null_count() == 0
    assert kept.columns == named(2).columns


def test_a_class_with_fewer_labels_keeps_them_all():
    assert keep_some(named(8), 5).equals(named(8))


def test_more_labels_of_a_class_keep_those_that_fewer_are():
    five, nine = (keep_some(named(400), count)["label"].is_not_null() for count in (5, 9))
    assert (nine | ~five).all()
    assert nine.sum() - five.sum() == 8


def test_rows_without_a_label_take_no_place():
    frame = named(400).with_columns(label=pl.when(pl.int_range(400) >= 200).then(pl.col("label")))
    assert keep_some(frame, 5).filter(split="train")["label"].count() == 10


def test_a_fraction_and_a_number_hold_both():
    kept = keep_some(named(400), 50, 0.25).filter(split="train")["label"]
    assert kept.equals(keep_some(named(400), 100, 0.25).filter(split="train")["label"])
    assert 30 < kept.count() < 70


def test_each_split_says_where_it_comes_from():
    assert split_origins((), None, 0.1, 0.2) == {
        "train": "the rest of all rows",
        "validation": "drawn from all rows by content (0.1)",
        "test": "drawn from all rows by content (0.2)",
    }
    assert split_origins(("train", "test"), "file names", 0.1, 0.2) == {
        "train": "file names",
        "validation": "drawn from the train rows by content (0.1)",
        "test": "file names",
    }


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"),
        ("Training", "train"),
        ("VALID", "validation"),
        (" dev ", "validation"),
        ("Val", "validation"),
        ("validation", "validation"),
        ("TEST", "test"),
        ("testing", "test"),
        ("eval", "test"),
        ("Evaluation", "test"),
        ("tests", None),
        ("unsupervised", None),
        ("", None),
    ],
)
def test_a_word_for_a_split_is_one_of_the_hubs_in_any_case(name, split):
    assert canonical_split(name) == split


def test_words_in_a_column_become_the_three_splits():
    frame = canonical_splits(rows(many(4), ["Train", "dev", "EVAL ", "valid"]))
    assert frame["split"].to_list() == ["train", "validation", "test", "validation"]
