"""The students' text: a part of the teacher's training rows, and the same rows for evaluation."""

import polars as pl

from benchmarks.language.text import only


def examples(count: int) -> pl.DataFrame:
    keys = [number.to_bytes(16, "big") for number in range(count)]
    splits = [("train", "validation", "test")[number % 3] for number in range(count)]
    return pl.DataFrame({"example_id": keys, "split": splits})


def test_a_share_of_the_training_rows_and_all_of_the_others() -> None:
    given = examples(3000)
    some = only(given, 0.2)
    counts = dict(some["split"].value_counts().iter_rows())
    assert counts["validation"] == counts["test"] == 1000
    assert 150 < counts["train"] < 250
    assert set(only(given, 0.1)["example_id"]) < set(some["example_id"])
