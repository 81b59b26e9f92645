"""Evaluate, with real models on disk and a real set of soft labels."""

import shutil
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl
import pytest
import torch
from small_corpus import token_labels
from small_predictions import Predicted
from small_project import (
    CLASSES,
    ENCODER,
    EVERYTHING,
    Small,
    fitted,
    image_encoder,
    small,
    soft_labels,
    untrained_teachers,
    written,
)
from transformers import PreTrainedModel

from stillroom.assess.cost.energy_log import Spent, made, note
from stillroom.config.schema import Architecture, Evaluate, Student
from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import PLAIN
from stillroom.errors import DataError, ModelError, SoftLabelError
from stillroom.io.tables import TableFile, write_table
from stillroom.models.pretrained.model_directory import load_model
from stillroom.models.shape import Shape
from stillroom.pipelines.evaluate import nodes
from stillroom.pipelines.evaluate.nodes import draw_plots, measure_cost, measure_quality, predict
from stillroom.softlabels.capture.capture_request import Answers, CaptureJob, stage, staged
from stillroom.softlabels.capture.solve_threshold import ThresholdRequest
from stillroom.softlabels.format.combination import Combination
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)
from stillroom.softlabels.store.store import Store
from stillroom.teachers.capture_inputs import ExampleQuestions
from stillroom.teachers.ensemble import Ensemble
from stillroom.teachers.model_teacher import How, open_teacher
from stillroom.teachers.teacher_ref import refer
from stillroom.training.run_provenance import write_origin

RUN = ("float32", "cpu")
EVALUATE = Evaluate(
    seeds=1, full_logits=False, bins=15, latency_images=3, energy_seconds=0.2, slices={}
)
STUDENT = Student(
    **asdict(fitted(epochs=7)),
    transfer=EVERYTHING,
    architecture=Architecture(name="mlp", options={"hidden": [32]}),
    seed=0,
)
MODELS = ("teacher", "control", "student")


@pytest.fixture
def two_classes(tmp_path: Path) -> Path:
    """Return the folder of an encoder for cats and dogs."""
    return written(image_encoder(Shape((1, 2, 2), ("cat", "dog"))), tmp_path / "two_classes")


@dataclass
class Run:
    """Real examples, teachers, students and soft labels on disk."""

    made: Small
    teachers: Path
    students: Path
    labels: SoftLabelSet


def on_disk(frame: pl.DataFrame, path: Path) -> TableFile:
    write_table(frame, path)
    return TableFile(path)


@dataclass
class Costly:
    """A run, and what its models take."""

    run: Run
    cost: dict[str, dict[str, int | float]]


def a_run(folder: Path) -> Run:
    made = small(folder)
    teachers = untrained_teachers(made, folder / "teachers")
    students = untrained_teachers(made, folder / "students")
    (students / "member_0").rename(students / "student")
    (students / "member_1").rename(students / "control")
    (folder / "every").mkdir()
    return Run(made, teachers, students, soft_labels(made, teachers, folder / "set"))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return a_run(tmp_path)


def softmax(model: PreTrainedModel, inputs: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return model(inputs=inputs).logits.softmax(1).numpy()


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


def test_labelled_rows_of_validation_and_test_are_predicted_by_each_model(
    run: Run, tmp_path: Path
) -> None:
    some = run.made.examples.read().with_columns(
        label=pl.when((pl.col("split") == "test") & (pl.col("row") >= 20))
        .then(None)
        .otherwise(pl.col("label"))
    )
    examples = on_disk(some, tmp_path / "some.parquet")
    frame = predict(examples, run.made.encoder, run.labels, run.teachers, *RUN, run.students)
    test = some.filter((pl.col("split") == "test") & (pl.col("row") < 20))
    validation = some.filter((pl.col("split") == "validation") & pl.col("label").is_not_null())
    asked = [*validation["example_id"], *test["example_id"]]
    assert frame["example_id"].to_list() == asked
    assert frame.columns == ["example_id", "split", "label", "teacher", "control", "student"]
    frame = frame.filter(pl.col("split") == "test")
    assert frame.schema["student"] == pl.List(pl.Float32)
    inputs = torch.from_numpy(read_encoder(run.made.encoder).encode(test))
    for name in ("student", "control"):
        expected = softmax(load_model(run.students / name), inputs)
        np.testing.assert_allclose(frame[name].to_list(), expected, atol=1e-6)
    members = [softmax(load_model(path), inputs) for path in sorted(run.teachers.iterdir())]
    np.testing.assert_allclose(frame["teacher"].to_list(), np.mean(members, axis=0), atol=1e-6)


@pytest.mark.parametrize(
    "kind",
    [
        Sample(draws=3, temperature=4.0),
        Threshold(entries=1.0, tau=0.9, temperature=4.0),
        FixedThreshold(k=1, temperature=4.0),
    ],
    ids=lambda kind: kind.kind,
)
def test_the_teacher_of_a_truncated_set_is_asked_itself(
    run: Run, tmp_path: Path, kind: Sparsifier
) -> None:
    labels = soft_labels(run.made, run.teachers, tmp_path / "sparse", kind)
    frame = predict(run.made.examples, run.made.encoder, labels, run.teachers, *RUN, run.students)
    test = run.made.examples.read().filter(pl.col("split") == "test")
    inputs = torch.from_numpy(read_encoder(run.made.encoder).encode(test))
    members = [softmax(load_model(path), inputs) for path in sorted(run.teachers.iterdir())]
    found = np.array(frame.filter(pl.col("split") == "test")["teacher"].to_list())
    np.testing.assert_allclose(found, np.mean(members, axis=0), atol=1e-6)
    stored = labels.distributions([(key, 0, 0) for key in test["example_id"]], 4.0).dense()
    assert np.abs(stored - found).max() > 0.1


def test_the_teacher_of_a_head_that_was_combined_at_capture_is_the_same_mean(
    run: Run, tmp_path: Path
) -> None:
    # Weights 3 to 1: what `softlabels.weights` says, and not a plain mean of the members.
    refs, how = refer(run.teachers), How(augmentation="none", seed=0, batch_size=16)
    opened = tuple(open_teacher(ref, how, ENCODER) for ref in refs)
    one = Ensemble(opened, Combination.of("probability", [3.0, 1.0]))
    asked = ExampleQuestions(run.made.examples, opened[0].encoder, PLAIN, 1)
    answers = Answers(
        jobs=(CaptureJob(one, asked),),
        wanted=TopK(k=1, temperatures=(1.0, 4.0)),
        combination=Combination.of("probability", [1.0]),
        store=Store(tmp_path / "store"),
        rows_per_shard=50,
        pilot_positions=1,
        class_names=tuple(CLASSES),
    )
    stage(answers, tmp_path / "staged", lambda label, rows: nullcontext(lambda done: None), print)
    labels = staged(tmp_path / "staged", Store(tmp_path / "store"))
    frame = predict(run.made.examples, run.made.encoder, labels, run.teachers, *RUN, run.students)
    test = run.made.examples.read().filter(pl.col("split") == "test")
    inputs = torch.from_numpy(read_encoder(run.made.encoder).encode(test))
    first, second = (softmax(load_model(path), inputs) for path in sorted(run.teachers.iterdir()))
    found = np.array(frame.filter(pl.col("split") == "test")["teacher"].to_list())
    np.testing.assert_allclose(found, 0.75 * first + 0.25 * second, atol=1e-6)


def test_a_test_split_without_labels_is_refused(run: Run, tmp_path: Path) -> None:
    frame = run.made.examples.read().with_columns(label=pl.lit(None, pl.Int32))
    unlabelled = on_disk(frame, tmp_path / "unlabelled.parquet")
    with pytest.raises(DataError, match="no row of the test split"):
        predict(unlabelled, run.made.encoder, run.labels, run.teachers, *RUN, run.students)


def test_soft_labels_of_other_teachers_are_refused(run: Run, tmp_path: Path) -> None:
    others = untrained_teachers(run.made, tmp_path / "others", members=1)
    with pytest.raises(SoftLabelError, match="soft labels were made by the teachers"):
        predict(run.made.examples, run.made.encoder, run.labels, others, *RUN, run.students)


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
    assert gain["low"] < 0 < 1 < gain["high"]  # of two examples nothing is clear
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


def measured(
    run: Run, teachers: Path, mode: Literal["cached", "live"] = "cached"
) -> dict[str, dict[str, int | float]]:
    return measure_cost(
        run.made.examples,
        run.made.encoder,
        run.labels,
        teachers,
        *RUN,
        run.students,
        run.students.parent / "every",
        [{"model": name, "epoch": n} for name in ("student", "control") for n in range(7)],
        STUDENT,
        mode,
        EVALUATE,
    )


@pytest.fixture(scope="module")
def costly(tmp_path_factory: pytest.TempPathFactory) -> Costly:
    """Return what is measured of a run beside which there are two other students."""
    run = a_run(tmp_path_factory.mktemp("costly"))
    every = run.students.parent / "every"
    shutil.copytree(run.students, every / "kin")
    write_origin(every / "kin", run.labels.manifest.content, {})
    shutil.copytree(run.students, every / "stranger")
    return Costly(run, measured(run, run.teachers))


def test_other_students_of_the_same_labels_are_timed(costly: Costly) -> None:
    assert costly.cost["family/kin"]["ms_p50"] > 0
    assert "family/stranger" not in costly.cost


def test_the_cache_is_asked_once_and_read_in_each_epoch(costly: Costly) -> None:
    run, cost = costly.run, costly.cost
    cache, rate = cost["cache"], cost["teacher"]["per_second_at_32"]
    rows, train = run.labels.manifest.rows, run.made.examples.count("split", "train")[0]
    assert (cache["rows"], cache["bytes"]) == (rows, run.labels.manifest.bytes)
    assert cache["read"] == train * 7  # by one student; its control reads none
    assert cache["paid_seconds"] == pytest.approx(rows / rate, rel=1e-2, abs=1e-4)


def test_a_live_teacher_is_not_read_from_the_cache(run: Run) -> None:
    live = measured(run, run.teachers, "live")["cache"]
    assert live["read"] == live["live_seconds"] == 0
    assert live["saved_hours"] <= 0


def test_what_the_stages_took_is_told_where_it_was_noted_of_these_results(
    run: Run, costly: Costly, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "run" not in costly.cost
    monkeypatch.chdir(project)
    for result, joules in ((run.teachers, 3600.0), (run.labels, 360.0), (run.students, 36.0)):
        note(project, made(result), Spent(joules=joules, seconds=5.0, is_estimate=True))
    assert measured(run, run.teachers)["run"] == {
        "teachers_watt_hours": 1.0,
        "teachers_seconds": 5.0,
        "capture_watt_hours": 0.1,
        "capture_seconds": 5.0,
        "train_watt_hours": 0.01,
        "train_seconds": 5.0,
        "watt_hours": 1.11,
        "energy_is_estimate": 1,
    }


def test_the_teachers_cost_is_that_of_all_members(costly: Costly) -> None:
    cost = costly.cost
    parameters = 64 * 32 + 32 + 32 * 3 + 3
    assert cost["student"]["parameters"] == cost["control"]["parameters"] == parameters
    assert cost["teacher"]["parameters"] == 2 * parameters
    assert cost["control"]["megabytes"] == round(4 * parameters / 1e6, 3)
    assert cost["teacher"]["flops"] == 2 * 2 * (64 * 32 + 32 * 3)
    assert set(cost["student"]) == {
        "parameters",
        "parameters_outside_embeddings",
        "megabytes",
        "flops",
        "ms_p50",
        "ms_p95",
        "per_second_at_32",
        "loaded_megabytes",
        "peak_megabytes",
        "watt_hours_per_thousand",
        "energy_is_estimate",
    }


def test_an_empty_folder_of_teachers_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    with pytest.raises(ModelError, match="holds no teacher"):
        measured(run, tmp_path / "none")


def test_kedro_finds_the_type_of_the_parameters() -> None:
    from typing import get_type_hints

    assert get_type_hints(nodes.measure_quality)["evaluate"] is Evaluate
    assert get_type_hints(nodes.measure_cost)["evaluate"] is Evaluate


def test_a_language_model_is_calibrated_on_validation_and_measured_on_test(
    predicted: Predicted, tmp_path: Path
) -> None:
    made, teachers = predicted.made, predicted.teachers[0].parent
    wanted = ThresholdRequest(8, 1.0)
    labels = token_labels(made, teachers, tmp_path / "set", wanted)
    students = predicted.students["student"].parent
    frame = predict(made.examples, made.encoder, labels, teachers, *RUN, students)
    assert frame["example_id"].to_list() == predicted.rows("test")["example_id"].to_list()
    metrics, _ = measure_quality(on_disk(frame, tmp_path / "p.parquet"), made.encoder, EVALUATE)
    expected = predicted.found["student_temperature"][0]
    assert metrics["student"]["temperature"] == pytest.approx(expected, abs=1e-6)
