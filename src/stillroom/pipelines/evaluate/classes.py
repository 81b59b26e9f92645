"""Evaluation of classifiers: the test split through every model, one distribution a row.

test rows, soft labels, students ──> predictions [N, C] of each ──> metrics, plots
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.encoders import Encoder
from stillroom.evaluation.calibration import reliability
from stillroom.evaluation.confusion import confusion_records
from stillroom.evaluation.metrics import quality, standard_error_of_gain
from stillroom.evaluation.similarity import mean_soft_labels, similarity_records
from stillroom.models.directory import load_model
from stillroom.models.forward import probabilities
from stillroom.softlabels.dataset import SoftLabelSet
from stillroom.teachers.ensemble import probabilities_of
from stillroom.teachers.reference import TeacherRef

BATCH_SIZE = 256
MODELS = ("teacher", "control", "student")

Numbers = dict[str, dict[str, int | float]]
Records = list[dict[str, Any]]


def predict_classes(
    test: pl.DataFrame,
    encoder: Encoder,
    refs: Sequence[TeacherRef],
    soft_labels: SoftLabelSet,
    students: Mapping[str, Path],
) -> pl.DataFrame:
    """Return each model's probabilities on labelled rows.

    Args:
        test: the rows.
        encoder: of their inputs.
        refs: the teachers.
        soft_labels: their answers; where these are truncated, the teachers are asked again.
        students: model directories by name.

    Raises:
        ModelError: a model cannot be opened.
    """
    inputs = encoder.encode(test)
    answers = {
        "teacher": soft_labels.plain(test["example_id"].to_list(), 1.0).dense()
        if soft_labels.is_whole
        else probabilities_of(refs, soft_labels.ensemble, encoder, test),
    }
    for name, path in students.items():
        answers[name] = probabilities(load_model(path), inputs, BATCH_SIZE)
    columns = [pl.Series(name, answers[name].astype(np.float32)).arr.to_list() for name in MODELS]
    return test.select("example_id", "label").with_columns(columns)


def measure_classes(
    predictions: pl.DataFrame, classes: Sequence[str], bins: int
) -> tuple[Numbers, Records, Records, Records]:
    """Return the metrics, and the records of reliability, confusion and similarity.

    Raises:
        DataError: predictions that are no distributions, or that do not fit the classes.
    """
    labels, names = predictions["label"].to_numpy(), list(classes)
    answers = {name: np.array(predictions[name].to_list(), dtype=np.float64) for name in MODELS}
    return (
        _metrics(answers, labels, bins),
        [row for name in MODELS for row in reliability(name, answers[name], labels, bins)],
        [row for name in MODELS for row in confusion_records(name, answers[name], labels, names)],
        similarity_records(mean_soft_labels(answers["teacher"], labels), names),
    )


def _metrics(answers: dict[str, NDArray[Any]], labels: NDArray[Any], bins: int) -> Numbers:
    measured = {
        name: quality(probabilities, labels, answers["teacher"], bins)
        for name, probabilities in answers.items()
    }
    student, control = measured["student"], measured["control"]
    gain = {
        "accuracy": student.accuracy - control.accuracy,
        "accuracy_standard_error": standard_error_of_gain(
            answers["student"], answers["control"], labels
        ),
        "nll": control.nll - student.nll,
    }
    return {name: asdict(measures) for name, measures in measured.items()} | {"gain": gain}
