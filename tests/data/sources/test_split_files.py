"""Split files: words for splits in the names of files and folders, as on the Hub."""

import pytest

from stillroom.data.sources.split_files import split_files, split_in_name
from stillroom.errors import DataError


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.csv", "train"),
        ("valid.csv", "validation"),
        ("val.csv", "validation"),
        ("dev.csv", "validation"),
        ("validation.csv", "validation"),
        ("test.csv", "test"),
        ("eval.csv", "test"),
        ("TRAIN.CSV", "train"),
        ("train-00000-of-00001.parquet", "train"),
        ("test-00000-of-00002.parquet", "test"),
        ("my_train.csv", "train"),
        ("my.train.csv", "train"),
        ("train_1.jsonl", "train"),
        ("train1.jsonl", "train"),
        ("train.part2.csv", "train"),
        ("2024-test v2.csv.gz", "test"),
        ("trainset.csv", "train"),
        ("test_data.csv", "test"),
        ("testdata.csv", "test"),
        ("latest.csv", None),
        ("contest.csv", None),
        ("value.csv", None),
        ("développement.csv", None),
        ("train_test.csv", None),
        ("data.csv", None),
    ],
)
def test_a_word_counts_between_signs_that_are_no_letters(name, split):
    assert split_in_name(name) == split


@pytest.mark.parametrize(
    "splits",
    [
        {"train.csv": "train", "valid.csv": "validation", "test.csv": "test"},
        {"data/train-00000-of-00001.parquet": "train", "data/test-00000-of-00001.parquet": "test"},
        {"train/a.csv": "train", "train/b.csv": "train", "test/a.csv": "test"},
        {
            "Train/data-00000-of-00001.arrow": "train",
            "Validation/data-00000-of-00001.arrow": "validation",
        },
        {"evaluation/train.csv": "train", "evaluation/test.csv": "test"},
    ],
)
def test_all_files_with_words_give_their_splits(splits):
    named = split_files(splits)
    assert (dict(named.splits), named.undecided, named.notices) == (splits, frozenset(), ())


def test_files_without_a_word_beside_a_test_file_are_for_training_and_it_is_said():
    named = split_files(["a.csv", "b.csv", "test.csv"])
    assert named.splits == {"a.csv": "train", "b.csv": "train", "test.csv": "test"}
    assert [one.text for one in named.notices] == [
        "2 files without a word for a split are for training: a.csv, b.csv."
    ]


def test_a_file_without_a_word_beside_files_for_training_and_testing_is_undecided():
    named = split_files(["train.csv", "test.csv", "unsupervised.csv"])
    assert named.splits == {"train.csv": "train", "test.csv": "test"}
    assert named.undecided == {"unsupervised.csv"}


@pytest.mark.parametrize(
    "files", [["a.csv", "b.csv"], ["train.csv"], ["train.csv", "a.csv"], ["a.csv"]]
)
def test_without_a_held_out_file_there_are_no_splits(files):
    named = split_files(files)
    assert (named.splits, named.undecided, named.notices) == ({}, frozenset(), ())


@pytest.mark.parametrize(
    "name", ["latest.csv", "contest.csv", "holdout.csv", "tests.csv", "mytrain.csv"]
)
def test_a_name_that_resembles_a_split_is_said(name):
    (notice,) = split_files([name, "other.csv"]).notices
    assert notice.text.startswith(f"The names of 1 files resemble a split, but are none: {name}.")


def test_a_single_file_for_testing_is_split_and_it_is_said():
    named = split_files(["test.csv"])
    assert named.splits == {}
    assert named.notices[0].text.startswith("test.csv is called test, but is the only file")


@pytest.mark.parametrize("files", [["test.csv", "valid.csv"], ["test-0.csv", "test-1.csv"]])
def test_files_of_which_none_is_for_training_are_refused(files):
    with pytest.raises(DataError, match="but none to train on"):
        split_files(files)


@pytest.mark.parametrize("name", ["train_test.csv", "test-train-split.csv", "train_val/a.csv"])
def test_words_for_two_splits_are_refused(name):
    with pytest.raises(DataError, match=f"{name} holds words for two splits"):
        split_files([name, "test.csv"])
    assert split_files([name]).splits == {}
