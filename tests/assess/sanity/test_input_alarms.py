"""Inputs that do not tell examples apart."""

import numpy as np
import polars as pl
import pytest

from stillroom.assess.sanity.input_alarms import (
    constant_features,
    constant_images,
    duplicates_read,
    repeated_inputs,
)


def images(*levels: int) -> pl.Series:
    """Return images of 2 x 2 pixels: black, but for one pixel of the level that is given."""
    return pl.Series([bytes([0, level, 0, 0]) for level in levels], dtype=pl.Binary())


def test_images_that_differ_by_no_more_than_two_levels_are_constant() -> None:
    (alarm,) = constant_images(images(7, 8, 9))
    assert alarm.code == "constant_inputs"
    assert (
        "3 training images were compared, and none of their pixels differs by more than 2 of"
        in (alarm.text)
    )


@pytest.mark.parametrize("levels", [(7, 10), (0, 255), (255, 0, 0)])
def test_images_of_which_one_pixel_differs_are_not_constant(levels: tuple[int, ...]) -> None:
    assert list(constant_images(images(*levels))) == []


def test_a_single_row_is_not_compared() -> None:
    assert list(constant_images(images(7))) == []
    assert list(constant_features(pl.Series([[1.0, 2.0]]))) == []


def test_features_that_vary_by_a_billionth_are_constant() -> None:
    (alarm,) = constant_features(pl.Series([[1000.0, 0.0], [1000.000001, 0.0]]))
    assert (
        "2 training rows were compared, and none of their 2 features varies by more than 1e-06"
        in (alarm.text)
    )


@pytest.mark.parametrize(
    "rows", [[[0.0, 5.0], [0.0, 6.0]], [[1e-9], [2e-9]], [[-1.0], [1.0]], [[0.0], [1e-300]]]
)
def test_features_of_which_one_varies_are_not_constant(rows: list[list[float]]) -> None:
    assert list(constant_features(pl.Series(rows))) == []


def rows(*numbers: int) -> list[np.ndarray]:
    return [np.array([number]) for number in numbers]


def test_more_than_half_of_the_inputs_repeated_is_an_alarm() -> None:
    assert list(repeated_inputs([rows(1, 1), rows(2, 3)], "Do it.")) == []
    (alarm,) = repeated_inputs([rows(1, 1), rows(2, 2, 3)], "Do it.")
    assert (alarm.code, alarm.way_out) == ("repeated_inputs", "Do it.")
    assert alarm.text.startswith("4 of 5 different training texts have the same input as another")
    assert alarm.text.endswith("there are 3 inputs in all.")


def test_texts_of_different_lengths_are_different_inputs() -> None:
    assert list(repeated_inputs([[np.array([1, 1]), np.array([1]), np.array([1, 1, 1])]], "")) == []


def test_nine_of_ten_rows_repeated_is_an_alarm() -> None:
    report = {"rows_read": {"a": 60, "b": 40}, "duplicates": 80, "leaked": 10}
    assert list(duplicates_read(report)) == []
    (alarm,) = duplicates_read(report | {"leaked": 11})
    assert alarm.text.startswith("91 of 100 rows (91%) have the same content as another one")


@pytest.mark.parametrize("kind", ["documents", "sequences"])
def test_running_text_is_judged_by_documents_and_by_sequences(kind: str) -> None:
    counts = {"train": 6, "validation": 2, "test": 2}
    report = {"documents": counts, "sequences": counts}
    report |= {"duplicate_documents": 0, "duplicate_sequences": 0, f"duplicate_{kind}": 100}
    (alarm,) = duplicates_read(report)
    assert alarm.text.startswith(f"100 of 110 {kind} (91%)")
