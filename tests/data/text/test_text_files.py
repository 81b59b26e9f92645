"""Split texts: the splits of a corpus as it is distributed, and what is said of other files."""

import pytest

from stillroom.data.text.text_files import split_texts
from stillroom.errors import DataError

TRAIN, VALIDATION, TEST = "train", "validation", "test"


@pytest.mark.parametrize(
    "splits",
    [
        {"wiki.test.tokens.txt": TEST, "wiki.train.txt": TRAIN, "wiki.valid.txt": VALIDATION},
        {"test/0.parquet": TEST, "train/0.parquet": TRAIN},
        {"ptb.test.txt": TEST, "ptb.train.txt": TRAIN, "ptb.valid.txt": VALIDATION},
        {"data/train-00000-of-00001.parquet": TRAIN, "data/test-00000-of-00001.parquet": TEST},
        {"TinyStories-train.txt": TRAIN, "TinyStories-valid.txt": VALIDATION},
        {"dev.jsonl": VALIDATION, "train.jsonl.gz": TRAIN},
    ],
)
def test_words_in_the_names_give_the_splits(splits: dict[str, str]) -> None:
    chosen = split_texts(list(splits))
    assert (chosen.parts, dict(chosen.named.splits), chosen.notices) == (tuple(splits), splits, ())


@pytest.mark.parametrize(
    "parts", [["a.txt", "b.txt"], ["test.txt"], ["train.txt", "b.txt"], ["README.md", "a.txt"]]
)
def test_without_files_for_training_and_testing_all_are_one_pool(parts: list[str]) -> None:
    chosen = split_texts(parts)
    assert chosen.parts == tuple(parts)
    assert chosen.named.splits == {}


def test_a_readme_beside_files_of_splits_is_left_out_and_it_is_said() -> None:
    chosen = split_texts(["README.md", "test.txt", "train.txt"])
    assert chosen.parts == ("test.txt", "train.txt")
    assert [(one.kind, one.text) for one in chosen.notices] == [
        ("left_out", "Beside files of splits, a README is no text of the corpus: README.md.")
    ]


def test_a_readme_beside_tables_is_read_and_it_is_said() -> None:
    chosen = split_texts(["README.md", "a.parquet"])
    assert chosen.parts == ("README.md", "a.parquet")
    assert [one.kind for one in chosen.notices] == ["guessed"]


@pytest.mark.parametrize("parts", [["a.txt", "test.txt", "train.txt"], ["a.txt", "test.txt"]])
def test_other_files_beside_files_of_splits_are_for_training_and_it_is_said(
    parts: list[str],
) -> None:
    chosen = split_texts(parts)
    assert chosen.named.splits == {part: part.removesuffix(".txt") for part in parts} | {
        "a.txt": TRAIN
    }
    (notice,) = chosen.notices
    assert notice.text.startswith("1 files without a word for a split are for training: a.txt.")


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        (["train_test.txt", "b.txt"], "holds words for two splits"),
        (["test.txt", "valid.txt"], "but none to train on"),
    ],
)
def test_names_that_contradict_each_other_are_refused(parts: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        split_texts(parts)
