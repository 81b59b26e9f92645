from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from stillroom.config.schema import Evaluate
from stillroom.errors import DataError, ModelError
from stillroom.io.tables import TableFile, write_table
from stillroom.pipelines.evaluate import nodes
from stillroom.pipelines.evaluate.nodes import MODELS, measure_cost, measure_quality, predict

EVALUATE = Evaluate(bins=15, latency_images=3)
ENCODER: dict[str, Any] = {
    "kind": "features",
    "classes": ["cat", "dog"],
    "shape": [2],
    "raw_shape": [],
    "mean": [0.0, 0.0],
    "scale": [1.0, 1.0],
}


class Teacher:
    """Answers from a table, by id, and refuses to be asked at another temperature."""

    def probabilities(self, example_ids: list[bytes], temperature: float) -> NDArray[Any]:
        if temperature != 1.0:
            raise ValueError(temperature)
        answers = {b"c" * 16: [0.875, 0.125], b"d" * 16: [0.25, 0.75]}
        return np.array([answers[example_id] for example_id in example_ids])


class Counted:
    """A model of six parameters, as far as cost can see."""

    def __init__(self, path: Path) -> None:
        self.name = path.name

    def parameters(self) -> list[Any]:
        import torch

        return [torch.zeros(2, 3)]


def on_disk(frame: pl.DataFrame, path: Path) -> TableFile:
    write_table(frame, path)
    return TableFile(path)


@pytest.fixture
def examples(tmp_path: Path) -> TableFile:
    frame = pl.DataFrame(
        {
            "example_id": [letter * 16 for letter in (b"a", b"b", b"c", b"d")],
            "split": ["train", "test", "test", "test"],
            "label": [0, None, 1, 1],
            "features": [[1.0, 0.0], [0.0, 0.0], [2.0, 0.0], [0.0, 1.0]],
        },
        schema_overrides={"label": pl.Int32, "example_id": pl.Binary},
    )
    return on_disk(frame, tmp_path / "examples.parquet")


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Stand-ins: the student's logits are the inputs, the control's are zero."""

    def logits(model: Counted, inputs: NDArray[Any], batch_size: int) -> NDArray[Any]:
        return inputs if model.name == "student" else np.zeros_like(inputs)

    monkeypatch.setattr("stillroom.models.directory.load_model", Counted)
    monkeypatch.setattr("stillroom.models.forward.logits", logits)
    for name in ("ensemble/member-1", "ensemble/member-0", "student", "control"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def predictions_of(rows: int) -> pl.DataFrame:
    random = np.random.default_rng(5)
    columns: dict[str, Any] = {
        "example_id": [bytes([index % 256]) * 16 for index in range(rows)],
        "label": random.integers(0, 2, rows).astype(np.int32),
    }
    for name in MODELS:
        weights = random.random((rows, 2)) + 0.01
        columns[name] = (weights / weights.sum(axis=1, keepdims=True)).tolist()
    return pl.DataFrame(columns)


def test_only_the_labelled_test_split_is_predicted(examples: TableFile, models: Path) -> None:
    frame = predict(examples, ENCODER, Teacher(), models)
    assert frame["example_id"].to_list() == [b"c" * 16, b"d" * 16]
    assert frame.schema == {
        "example_id": pl.Binary,
        "label": pl.Int32,
        "teacher": pl.List(pl.Float32),
        "control": pl.List(pl.Float32),
        "student": pl.List(pl.Float32),
    }
    assert frame["teacher"].to_list() == [[0.875, 0.125], [0.25, 0.75]]
    assert frame["control"].to_list() == [[0.5, 0.5], [0.5, 0.5]]
    # softmax(2, 0) = 1 / (1 + e^-2) = 0.8807971; softmax(0, 1) = 0.2689414.
    np.testing.assert_allclose(
        frame["student"].to_list(), [[0.8807971, 0.1192029], [0.2689414, 0.7310586]], atol=1e-6
    )


def test_a_test_split_without_labels_is_refused(examples: TableFile, models: Path) -> None:
    frame = examples.read().with_columns(label=pl.lit(None, pl.Int32))
    unlabelled = on_disk(frame, models / "unlabelled.parquet")
    with pytest.raises(DataError, match="no row of the test split"):
        predict(unlabelled, ENCODER, Teacher(), models)


def test_the_gain_is_better_where_it_is_positive(tmp_path: Path) -> None:
    # Labels 0, 0. Student right on both at 1/2 + 1/4; control right on one: 3/4 and 1/4.
    # NLL: student -ln 3/4 = 0.287682; control -(ln 3/4 + ln 1/4) / 2 = 0.836988. The differences
    # in rightness are 0 and 1: their standard deviation is 1/2, over two rows 0.353553.
    frame = pl.DataFrame(
        {
            "example_id": [b"a" * 16, b"b" * 16],
            "label": [0, 0],
            "teacher": [[1.0, 0.0], [1.0, 0.0]],
            "control": [[0.75, 0.25], [0.25, 0.75]],
            "student": [[0.75, 0.25], [0.75, 0.25]],
        }
    )
    metrics, *_ = measure_quality(on_disk(frame, tmp_path / "p.parquet"), ENCODER, EVALUATE)
    assert metrics["gain"] == {
        "accuracy": 0.5,
        "accuracy_standard_error": 0.353553,
        "nll": 0.549306,
    }
    assert metrics["student"]["nll"] == 0.287682


def test_the_plots_cover_each_model_and_example(tmp_path: Path) -> None:
    frame = predictions_of(200)
    _, reliability, confusion, similarity = measure_quality(
        on_disk(frame, tmp_path / "p.parquet"), ENCODER, EVALUATE
    )
    assert list(dict.fromkeys(row["model"] for row in reliability)) == list(MODELS)
    assert len(confusion) == 3 * 200
    assert [row["actual"] for row in similarity] == ["cat", "cat", "dog", "dog"]


def test_metrics_are_rounded_and_never_minus_zero(tmp_path: Path) -> None:
    frame = predictions_of(50)
    twin = frame.with_columns(control=pl.col("student"))
    metrics, *_ = measure_quality(on_disk(twin, tmp_path / "p.parquet"), ENCODER, EVALUATE)
    assert str(metrics["gain"]["nll"]) == "0.0"
    for group in metrics.values():
        assert all(value == round(value, 6) for value in group.values())


def test_the_teachers_cost_is_that_of_all_members(examples: TableFile, models: Path) -> None:
    cost = measure_cost(examples, ENCODER, models / "ensemble", models, EVALUATE)
    assert cost["teacher"]["parameters"] == 12
    assert cost["student"]["parameters"] == 6
    assert cost["control"]["megabytes"] == 0.0
    assert set(cost["student"]) == {"parameters", "megabytes", "ms_per_image"}


def test_an_empty_folder_of_teachers_is_refused(
    examples: TableFile, models: Path, tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(ModelError, match="holds no model directory"):
        measure_cost(examples, ENCODER, tmp_path / "none", models, EVALUATE)


def test_kedro_finds_the_type_of_the_parameters() -> None:
    from typing import get_type_hints

    assert get_type_hints(nodes.measure_quality)["evaluate"] is Evaluate
    assert get_type_hints(nodes.measure_cost)["evaluate"] is Evaluate
