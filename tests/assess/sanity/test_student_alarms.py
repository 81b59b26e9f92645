"""The student that ships, on predictions whose quality is known."""

from pathlib import Path

import numpy as np
import polars as pl
from support.evaluation.token_predictions import Predicted
from support.examples.image_examples import ENCODER

from stillroom.assess.sanity.student_alarms import student_alarms
from stillroom.io.tables import TableFile, write_table

ROWS = 90


def predictions(folder: Path, right: int, split: str = "test") -> TableFile:
    """Write predictions in which the student has the first `right` rows right, the others wrong."""
    labels = np.arange(ROWS) % 3
    sound = np.full((ROWS, 3), 0.2) + 0.4 * np.eye(3)[labels]
    turned = np.full((ROWS, 3), 0.2) + 0.4 * np.eye(3)[(labels + 1 + np.arange(ROWS) // 3 % 2) % 3]
    student = np.where(np.arange(ROWS)[:, None] < right, sound, turned)
    columns = {"teacher": sound, "control": sound, "student": student, "student_1": sound}
    frame = pl.DataFrame(
        {
            "example_id": [bytes([row]) for row in range(ROWS)],
            "split": [split if row else "test" for row in range(ROWS)],
            "label": pl.Series(labels, dtype=pl.Int32),
            **{name: pl.Series(p.tolist()) for name, p in columns.items()},
        }
    )
    write_table(frame, folder / "p.parquet")
    return TableFile(folder / "p.parquet")


def codes(table: TableFile, folder: Path) -> list[str]:
    return [alarm.code for alarm in student_alarms(table, TableFile(folder / "none"), ENCODER)]


def test_a_sound_student_raises_no_alarm(tmp_path: Path) -> None:
    assert codes(predictions(tmp_path, right=60), tmp_path) == []


def test_a_student_that_is_right_on_a_third_is_at_chance(tmp_path: Path) -> None:
    (alarm,) = student_alarms(
        predictions(tmp_path, right=30), TableFile(tmp_path / "none"), ENCODER
    )
    assert alarm.code == "student_at_chance"
    assert alarm.text.startswith(
        "The student is right on 30 of 90 labelled rows of test (33.3%); with these labels in any "
        "order it would be right on 33.3%"
    )


def test_a_student_that_is_never_right_is_below_chance(tmp_path: Path) -> None:
    assert codes(predictions(tmp_path, right=0), tmp_path) == ["student_below_chance"]


def test_other_splits_are_not_judged(tmp_path: Path) -> None:
    # One row of test is left, and nothing is concluded from one.
    assert codes(predictions(tmp_path, right=0, split="validation"), tmp_path) == []


def test_language_models_are_compared_with_the_shares_of_the_tokens(
    predicted: Predicted, tmp_path: Path
) -> None:
    write_table(predicted.frame, tmp_path / "p.parquet")
    sound = TableFile(tmp_path / "p.parquet")
    corpus = predicted.corpus
    assert list(student_alarms(sound, corpus.examples, corpus.fitted)) == []
    untrained = predicted.frame.with_columns(student_nll=pl.col("teacher_nll"))
    write_table(untrained, tmp_path / "u.parquet")
    blind = TableFile(tmp_path / "u.parquet")
    (alarm,) = student_alarms(blind, corpus.examples, corpus.fitted)
    assert alarm.code == "student_at_chance"
    mean = predicted.frame["teacher_nll"].explode().to_numpy().astype(np.float64).mean()
    assert f"an NLL of {mean:.3f} nats per token" in alarm.text
