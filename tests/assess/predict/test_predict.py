"""Predictions, with real models on disk and a real set of soft labels."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from support.evaluation.run_on_disk import Run, a_run, on_disk
from support.examples.image_examples import (
    CLASSES,
    ENCODER,
    soft_labels,
    untrained_teachers,
)
from transformers import PreTrainedModel

from stillroom.assess.predict.predict import predict
from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import PLAIN
from stillroom.errors import DataError, SoftLabelError
from stillroom.models.pretrained.model_directory import EXACT, load_model
from stillroom.softlabels.capture.capture_set import (
    CaptureJob,
    CaptureRequest,
    capture_set,
    open_staged,
)
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store
from stillroom.teachers.capture_inputs import ExampleInputs
from stillroom.teachers.ensemble import Ensemble
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return a_run(tmp_path)


def softmax(model: PreTrainedModel, inputs: torch.Tensor) -> np.ndarray:
    with torch.no_grad():
        return model(inputs=inputs).logits.softmax(1).numpy()


def test_labelled_rows_of_validation_and_test_are_predicted_by_each_model(
    run: Run, tmp_path: Path
) -> None:
    some = run.made.examples.read().with_columns(
        label=pl.when((pl.col("split") == "test") & (pl.col("row") >= 20))
        .then(None)
        .otherwise(pl.col("label"))
    )
    examples = on_disk(some, tmp_path / "some.parquet")
    frame = predict(examples, run.made.encoder, run.labels, run.teachers, EXACT, run.students)
    test = some.filter((pl.col("split") == "test") & (pl.col("row") < 20))
    validation = some.filter((pl.col("split") == "validation") & pl.col("label").is_not_null())
    example_ids = [*validation["example_id"], *test["example_id"]]
    assert frame["example_id"].to_list() == example_ids
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
        Sample(samples=3, temperature=4.0),
        Threshold(entries=1.0, tau=0.9, temperature=4.0),
        FixedThreshold(k=1, temperature=4.0),
    ],
    ids=lambda kind: kind.kind,
)
def test_the_teacher_of_a_truncated_set_runs_itself(
    run: Run, tmp_path: Path, kind: Sparsifier
) -> None:
    labels = soft_labels(run.made, run.teachers, tmp_path / "sparse", kind)
    frame = predict(run.made.examples, run.made.encoder, labels, run.teachers, EXACT, run.students)
    test = run.made.examples.read().filter(pl.col("split") == "test")
    inputs = torch.from_numpy(read_encoder(run.made.encoder).encode(test))
    members = [softmax(load_model(path), inputs) for path in sorted(run.teachers.iterdir())]
    answers = np.array(frame.filter(pl.col("split") == "test")["teacher"].to_list())
    np.testing.assert_allclose(answers, np.mean(members, axis=0), atol=1e-6)
    stored = labels.distributions([(key, 0, 0) for key in test["example_id"]], 4.0).dense()
    assert np.abs(stored - answers).max() > 0.1


def test_the_teacher_of_a_head_that_was_combined_at_capture_is_the_same_mean(
    run: Run, tmp_path: Path
) -> None:
    # Weights 3 to 1: the mean follows `softlabels.weights`, and is no plain mean of the members.
    refs, how = (
        teacher_refs(run.teachers),
        CaptureSettings(augmentation="none", seed=0, batch_size=16),
    )
    opened = tuple(open_teacher(ref, how, ENCODER) for ref in refs)
    one = Ensemble(opened, Combination.of("probability", [3.0, 1.0]))
    examples = ExampleInputs(run.made.examples, opened[0].encoder, PLAIN, 1)
    answers = CaptureRequest(
        jobs=(CaptureJob(one, examples),),
        sparsifier=TopK(k=1, temperatures=(1.0, 4.0)),
        combination=Combination.of("probability", [1.0]),
        store=Store(tmp_path / "store"),
        rows_per_shard=50,
        pilot_positions=1,
        class_names=tuple(CLASSES),
    )
    capture_set(
        answers, tmp_path / "staged", lambda label, rows: nullcontext(lambda done: None), print
    )
    labels = open_staged(tmp_path / "staged", Store(tmp_path / "store"))
    frame = predict(run.made.examples, run.made.encoder, labels, run.teachers, EXACT, run.students)
    test = run.made.examples.read().filter(pl.col("split") == "test")
    inputs = torch.from_numpy(read_encoder(run.made.encoder).encode(test))
    first, second = (softmax(load_model(path), inputs) for path in sorted(run.teachers.iterdir()))
    predicted = np.array(frame.filter(pl.col("split") == "test")["teacher"].to_list())
    np.testing.assert_allclose(predicted, 0.75 * first + 0.25 * second, atol=1e-6)


def test_a_test_split_without_labels_is_refused(run: Run, tmp_path: Path) -> None:
    frame = run.made.examples.read().with_columns(label=pl.lit(None, pl.Int32))
    unlabelled = on_disk(frame, tmp_path / "unlabelled.parquet")
    with pytest.raises(DataError, match="no row of the test split"):
        predict(unlabelled, run.made.encoder, run.labels, run.teachers, EXACT, run.students)


def test_soft_labels_of_other_teachers_are_refused(run: Run, tmp_path: Path) -> None:
    others = untrained_teachers(run.made, tmp_path / "others", members=1)
    with pytest.raises(SoftLabelError, match="soft labels were captured from the teachers"):
        predict(run.made.examples, run.made.encoder, run.labels, others, EXACT, run.students)
