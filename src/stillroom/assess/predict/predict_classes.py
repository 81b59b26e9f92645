"""Predictions of classifiers: validation and test rows in, a distribution per row and run out.

rows, soft labels, students ──> predictions ──ClassPredictions──> metrics, evidence, plots
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.assess.findings.arm_means import metrics_of
from stillroom.data.encoders import Encoder
from stillroom.evaluation.arms import TEACHER
from stillroom.evaluation.metrics import ece, nll, quality
from stillroom.evaluation.predictions import ClassPredictions
from stillroom.evaluation.temperature_scaling import fitted_temperature, scaled_probabilities
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.models.forward.fixed_shape import probabilities
from stillroom.models.pretrained.model_directory import load_model
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.teachers.ensemble import ensemble_probabilities
from stillroom.teachers.teacher import TeacherRef

BATCH_SIZE = 256


def predict_classes(
    rows: pl.DataFrame,
    encoder: Encoder,
    refs: Sequence[TeacherRef],
    soft_labels: SoftLabelSet,
    students: Mapping[str, Path],
) -> pl.DataFrame:
    """Return each run's probabilities on labelled rows.

    Args:
        rows: the rows of validation and test.
        encoder: the encoder of their inputs.
        refs: the teachers.
        soft_labels: the teachers' answers; if these are truncated, the teachers run again.
        students: the model directories, by the names of their runs.

    Raises:
        ModelError: a model cannot be opened.
    """
    inputs = encoder.encode(rows)
    answers = {
        TEACHER: soft_labels.plain(rows["example_id"].to_list(), 1.0).dense()
        if soft_labels.is_whole
        else ensemble_probabilities(refs, soft_labels.ensemble, encoder, rows),
    }
    for name, path in students.items():
        answers[name] = probabilities(load_model(path), inputs, BATCH_SIZE)
    columns = [
        pl.Series(name, values.astype(np.float32)).arr.to_list() for name, values in answers.items()
    ]
    return rows.select("example_id", "split", "label").with_columns(columns)


def measure_classes(
    test: ClassPredictions, validation: ClassPredictions, bins: int
) -> GroupedNumbers:
    """Return the metrics of each arm, as means over its runs, and the gain from the teacher.

    Raises:
        DataError: the answers are not distributions.
    """
    teacher = test.first(TEACHER)
    of_arms: dict[str, list[dict[str, float]]] = {}
    for arm, answers in test.arms.items():
        measured = [asdict(quality(of_run, test.labels, teacher, bins)) for of_run in answers]
        if len(validation):
            on_validation = validation.arms[arm]
            for of_run, before, metrics in zip(answers, on_validation, measured, strict=True):
                metrics |= _calibrated(of_run, test.labels, before, validation.labels, bins)
        of_arms[arm] = measured
    return metrics_of(of_arms)


def _calibrated(
    test: NDArray[Any],
    labels: NDArray[Any],
    validation: NDArray[Any],
    validation_labels: NDArray[Any],
    bins: int,
) -> dict[str, float]:
    """Return the temperature that fits a run's validation answers, and its metrics with it."""
    temperature = fitted_temperature(validation, validation_labels)
    calibrated = scaled_probabilities(test, temperature)
    return {
        "temperature": temperature,
        "scaled_ece": ece(calibrated, labels, bins),
        "scaled_nll": nll(calibrated, labels),
    }
