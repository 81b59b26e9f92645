"""Classifiers: the answers of each run, and measures that are means over runs."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from support.examples.image_examples import image_examples, soft_labels, untrained_teachers

from stillroom.assess.predict.predict_classes import measure_classes, predict_classes
from stillroom.data.encoders import read_encoder
from stillroom.errors import DataError
from stillroom.evaluation.predictions import ClassPredictions
from stillroom.models.pretrained.model_directory import load_model
from stillroom.teachers.stored_teachers import teacher_refs

NONE = ClassPredictions(np.zeros(0, np.int64), {arm: np.zeros((1, 0, 2)) for arm in ("teacher",)})


def two_of(first: float) -> list[float]:
    return [first, 1 - first]


def answers(control: list[list[float]], student: list[list[float]]) -> ClassPredictions:
    """Return the answers of these runs to examples of the first class."""
    teacher = np.array([[two_of(0.9)] * len(student[0])])
    return ClassPredictions(
        np.zeros(len(student[0]), np.int64),
        {
            "teacher": teacher,
            "control": np.array([[two_of(one) for one in run] for run in control]),
            "student": np.array([[two_of(one) for one in run] for run in student]),
        },
    )


def test_measures_are_means_over_seeds() -> None:
    measures = measure_classes(
        answers(control=[[0.6, 0.4], [0.4, 0.4]], student=[[0.8, 0.8], [0.8, 0.4]]), NONE, 10
    )
    assert measures["control"]["accuracy"] == 0.25
    assert measures["student"]["accuracy"] == 0.75
    # -ln 0.8 = 0.223144, -ln 0.6 = 0.510826, -ln 0.4 = 0.916291
    assert measures["student"]["nll"] == pytest.approx((3 * 0.223144 + 0.916291) / 4, abs=1e-6)
    assert measures["control"]["nll"] == pytest.approx((0.510826 + 3 * 0.916291) / 4, abs=1e-6)
    assert measures["gain"] == {
        "accuracy": 0.5,
        "nll": pytest.approx((0.510826 + 2 * 0.916291 - 3 * 0.223144) / 4, abs=1e-6),
    }
    # The teacher answers with the first class everywhere.
    assert measures["student"]["agreement"] == 0.75
    assert measures["teacher"]["kl_to_teacher"] == 0
    # 0.9 ln(0.9 / 0.8) + 0.1 ln(0.1 / 0.2) and 0.9 ln(0.9 / 0.4) + 0.1 ln(0.1 / 0.6)
    assert measures["student"]["kl_to_teacher"] == pytest.approx(
        (3 * 0.036690 + 0.550661) / 4, abs=1e-6
    )


def test_a_temperature_is_fitted_to_each_runs_own_validation_answers() -> None:
    # 3 of 4 are right. A run with confidence 3/4 is calibrated: T = 1. One with 27/28 has odds of
    # 27, the cube of 3: T = 3.
    rows = [0, 0, 0, 1]
    sure = {"calibrated": 3 / 4, "cubed": 27 / 28}
    labels = np.array(rows)
    arms = {
        "teacher": np.array([[two_of(3 / 4)] * 4]),
        "control": np.array([[two_of(sure["cubed"])] * 4] * 2),
        "student": np.array([[two_of(sure["calibrated"])] * 4, [two_of(sure["cubed"])] * 4]),
    }
    half = ClassPredictions(np.array([0, 1, 0, 1]), arms)
    measures = measure_classes(half, ClassPredictions(labels, arms), 10)
    assert measures["teacher"]["temperature"] == pytest.approx(1, abs=1e-3)
    assert measures["control"]["temperature"] == pytest.approx(3, abs=1e-3)
    assert measures["student"]["temperature"] == pytest.approx(2, abs=1e-3)  # the mean of both
    # 2 of 4 test rows are right: the cubed run's confidence is 27/28, and 3/4 after scaling.
    assert measures["control"]["ece"] == pytest.approx(27 / 28 - 1 / 2, abs=1e-6)
    assert measures["control"]["scaled_ece"] == pytest.approx(3 / 4 - 1 / 2, abs=1e-3)
    by_hand = -(np.log(0.75) + np.log(0.25)) / 2
    assert measures["control"]["scaled_nll"] == pytest.approx(by_hand, abs=1e-3)


def test_without_validation_rows_there_is_no_temperature() -> None:
    measures = measure_classes(answers([[0.6]], [[0.6]]), NONE, 10)
    assert not {name for name in measures["student"] if "scaled" in name or name == "temperature"}


def test_answers_that_are_no_distribution_are_refused() -> None:
    broken = answers([[0.6]], [[0.6]])
    broken.arms["student"][0, 0] = [0.6, 0.6]
    with pytest.raises(DataError, match="sum"):
        measure_classes(broken, NONE, 10)


def test_each_run_answers_each_row_in_order(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    teachers = untrained_teachers(made, tmp_path / "teachers", members=3)
    paths = sorted(teachers.iterdir())
    students = {"control": paths[1], "student": paths[2], "control_1": paths[0]}
    rows = made.examples.read().filter(pl.col("split") == "test").sample(9, seed=2, shuffle=True)
    encoder = read_encoder(made.encoder)
    labels = soft_labels(made, teachers, tmp_path / "set")
    frame = predict_classes(rows, encoder, teacher_refs(teachers), labels, students)
    assert frame.columns == ["example_id", "split", "label", "teacher", *students]
    assert frame["example_id"].to_list() == rows["example_id"].to_list()
    inputs = torch.from_numpy(encoder.encode(rows))
    for name, path in students.items():
        with torch.no_grad():
            expected = load_model(path)(inputs=inputs).logits.softmax(1).numpy()
        np.testing.assert_allclose(frame[name].to_list(), expected, atol=1e-6)
    assert frame.schema["control_1"] == pl.List(pl.Float32)
