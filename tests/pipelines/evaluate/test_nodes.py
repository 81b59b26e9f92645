"""Evaluate, with real models on disk and a real set of soft labels."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from support.evaluation.run_on_disk import EVALUATE, RUN, a_run, on_disk
from support.evaluation.token_predictions import Predicted
from support.examples.corpus_examples import token_labels
from support.examples.image_examples import (
    image_encoder,
    of_examples,
    written,
)

from stillroom.config.schema import Evaluate
from stillroom.errors import SoftLabelError
from stillroom.io.tables import write_table
from stillroom.models.shape import Shape
from stillroom.pipelines.evaluate import nodes
from stillroom.pipelines.evaluate.nodes import draw_plots, measure_quality, predict
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest

MODELS = ("teacher", "control", "student")


@pytest.fixture
def two_classes(tmp_path: Path) -> Path:
    """Return the folder of an encoder for cats and dogs."""
    return written(image_encoder(Shape((1, 2, 2), ("cat", "dog"))), tmp_path / "two_classes")


def predictions_of(rows: int) -> pl.DataFrame:
    random = np.random.default_rng(5)
    columns: dict[str, Any] = {
        "example_id": [bytes([index % 256]) * 16 for index in range(rows)],
        "split": ["test"] * rows,
        "label": random.integers(0, 2, rows).astype(np.int32),
    }
    for name in MODELS:
        weights = random.random((rows, 2)) + 0.01
        columns[name] = (weights / weights.sum(axis=1, keepdims=True)).tolist()
    return pl.DataFrame(columns)


def test_the_gain_is_better_where_it_is_positive(tmp_path: Path, two_classes: Path) -> None:
    # Labels 0, 0. Student right on both at 1/2 + 1/4; control right on one: 3/4 and 1/4.
    # NLL: student -ln 3/4 = 0.287682; control -(ln 3/4 + ln 1/4) / 2 = 0.836988.
    frame = pl.DataFrame(
        {
            "example_id": [b"a" * 16, b"b" * 16],
            "split": ["test"] * 2,
            "label": [0, 0],
            "teacher": [[1.0, 0.0], [1.0, 0.0]],
            "control": [[0.75, 0.25], [0.25, 0.75]],
            "student": [[0.75, 0.25], [0.75, 0.25]],
        }
    )
    metrics, statistics = measure_quality(
        on_disk(frame, tmp_path / "p.parquet"), two_classes, EVALUATE
    )
    assert metrics["gain"] == {"accuracy": 0.5, "nll": 0.549306}
    gain = statistics["accuracy"]["gain"]
    assert gain["value"] == 0.5
    assert gain["low"] < 0 < 1 < gain["high"]  # two examples show nothing clearly
    assert metrics["student"]["nll"] == 0.287682


def test_the_plots_cover_each_model_and_example(tmp_path: Path, two_classes: Path) -> None:
    frame = predictions_of(200)
    reliability, confusion, similarity = draw_plots(
        on_disk(frame, tmp_path / "p.parquet"), two_classes, EVALUATE
    )
    assert list(dict.fromkeys(row["model"] for row in reliability)) == list(MODELS)
    assert len(confusion) == 3 * 200
    assert [row["actual"] for row in similarity] == ["cat", "cat", "dog", "dog"]


def test_metrics_are_rounded_and_never_minus_zero(tmp_path: Path, two_classes: Path) -> None:
    frame = predictions_of(50)
    twin = frame.with_columns(control=pl.col("student"))
    metrics, *_ = measure_quality(on_disk(twin, tmp_path / "p.parquet"), two_classes, EVALUATE)
    assert str(metrics["gain"]["nll"]) == "0.0"
    for group in metrics.values():
        assert all(value == round(value, 6) for value in group.values())


def test_kedro_finds_the_type_of_the_parameters() -> None:
    from typing import get_type_hints

    assert get_type_hints(nodes.measure_quality)["evaluate"] is Evaluate
    assert get_type_hints(nodes.measure_cost)["evaluate"] is Evaluate


def test_a_language_model_is_calibrated_on_validation_and_measured_on_test(
    predicted: Predicted, tmp_path: Path
) -> None:
    made, teachers = predicted.corpus, predicted.teachers[0].parent
    wanted = ThresholdRequest(8, 1.0)
    labels = token_labels(made, teachers, tmp_path / "set", wanted)
    students = predicted.students["student"].parent
    frame = predict(made.examples, made.encoder, labels, teachers, *RUN, students)
    assert frame["example_id"].to_list() == predicted.rows("test")["example_id"].to_list()
    metrics, _ = measure_quality(on_disk(frame, tmp_path / "p.parquet"), made.encoder, EVALUATE)
    expected = predicted.frame["student_temperature"][0]
    assert metrics["student"]["temperature"] == pytest.approx(expected, abs=1e-6)


def test_labels_that_changed_since_the_capture_are_not_measured_against(tmp_path: Path) -> None:
    run = a_run(tmp_path)
    examples, labels = run.made.examples, of_examples(run.labels, run.made)
    answers = predict(examples, run.made.encoder, labels, run.teachers, *RUN, run.students)
    assert answers.height == 50  # 20 validation rows and 30 test rows
    changed = examples.read().with_columns(label=pl.lit(0, pl.Int32))
    write_table(changed, examples.path)
    with pytest.raises(SoftLabelError, match="for other examples, labels or splits"):
        predict(examples, run.made.encoder, labels, run.teachers, *RUN, run.students)
