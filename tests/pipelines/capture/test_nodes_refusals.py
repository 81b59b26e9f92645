"""Refusals of capture: a set with an error is not published."""

import shutil
from typing import Any

import polars as pl
import pytest
from kedro.io import DatasetError
from support.licences_and_lineage import given_licence, own_licence

from stillroom.data.encoders import read_encoder
from stillroom.errors import DataError, LicenceError, SoftLabelError
from stillroom.io.tables import write_table
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import save_model
from stillroom.pipelines.capture.nodes import capture, check_teachers, refer_to_teachers
from stillroom.pipelines.capture.pipeline import create_pipeline
from stillroom.teachers.licences.licence_document import Licence


def test_labels_of_another_teacher_are_refused_with_both_hashes(capture_stage: Any) -> None:
    unverified = capture_stage.capture()
    other = build("mlp", {"hidden": [32]}, capture_stage.made.shape, seed=9)
    shutil.rmtree(capture_stage.teachers / "member_1")
    save_model(other, read_encoder(capture_stage.made.encoder), capture_stage.teachers / "member_1")
    with pytest.raises(SoftLabelError, match=r"member 1: weights  \w+  \(expected \w+\)"):
        capture_stage.verified(unverified)


def test_other_labels_are_refused_and_cost_no_teacher(capture_stage: Any) -> None:
    published = capture_stage.run()
    frame = capture_stage.examples.read()
    labels = frame["label"].to_list()
    at = [number for number, label in enumerate(labels) if label is not None][:2]
    labels[at[0]] = (labels[at[0]] + 1) % 3
    write_table(
        frame.with_columns(label=pl.Series(labels, dtype=pl.Int32)), capture_stage.examples.path
    )
    with pytest.raises(SoftLabelError, match="for other examples, labels or splits") as refused:
        capture_stage.verified(published)
    assert "kedro run --pipeline=capture" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert capture_stage.input_count() == 0
    again = capture_stage.run()
    assert again.manifest.content == published.manifest.content
    assert again.manifest.fingerprint == published.manifest.fingerprint
    assert again.manifest.examples != published.manifest.examples


def test_another_split_is_refused(capture_stage: Any) -> None:
    unverified = capture_stage.capture()
    frame = capture_stage.examples.read()
    splits = frame["split"].to_list()
    splits[splits.index("validation")] = "test"  # neither has views, so no row changes
    write_table(frame.with_columns(split=pl.Series(splits)), capture_stage.examples.path)
    with pytest.raises(SoftLabelError, match="for other examples, labels or splits"):
        capture_stage.verified(unverified)


def test_a_pixel_that_was_changed_after_ingest_is_refused_before_a_teacher_runs(
    capture_stage: Any,
) -> None:
    frame = capture_stage.examples.read()
    images = frame["image"].to_list()
    images[3] = bytes([images[3][0] ^ 1]) + images[3][1:]
    write_table(
        frame.with_columns(image=pl.Series(images, dtype=pl.Binary)), capture_stage.examples.path
    )
    with pytest.raises(DataError, match=r"row 3: the content is not that of its example_id"):
        capture_stage.capture()
    assert capture_stage.inputs == []


@pytest.mark.parametrize("members", [1, 3])
def test_another_number_of_teachers_is_refused_with_both_numbers(
    capture_stage: Any, members: int
) -> None:
    unverified = capture_stage.capture()
    if members == 1:
        shutil.rmtree(capture_stage.teachers / "member_1")
    else:
        shutil.copytree(capture_stage.teachers / "member_1", capture_stage.teachers / "member_2")
    with pytest.raises(SoftLabelError, match=f"made by 2 teachers, but {members} are expected"):
        capture_stage.verified(unverified)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"views": 2}, r"augmentation  none  \(expected shift-2 shift=2 seed=0\)"),
        ({"seed": 1}, r"seed  0  \(expected 1\)"),
        ({"sparsifier": "sample"}, r"sparsifier\.kind  full  \(expected sample\)"),
        ({"sparsifier": "threshold"}, r"sparsifier\.kind  full  \(expected threshold\)"),
        ({"batch_size": 8}, r"batch_size  16  \(expected 8\)"),
    ],
    ids=lambda v: next(iter(v)) if isinstance(v, dict) else "",
)
def test_a_set_of_other_settings_is_refused_ingredient_by_ingredient(
    capture_stage: Any, values: dict[str, Any], words: str
) -> None:
    unverified = capture_stage.capture()
    with pytest.raises(SoftLabelError, match=words):
        capture_stage.verified(unverified, capture_stage.settings(**values))


def test_a_changed_transform_is_named_with_both_sides(
    capture_stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = capture_stage.settings(views=2)
    unverified = capture_stage.capture(settings)
    monkeypatch.setattr("stillroom.data.views.image_views.TRANSFORM", "shift-3")
    words = r"augmentation  shift-2 shift=2 seed=0  \(expected shift-3 shift=2 seed=0\)"
    with pytest.raises(SoftLabelError, match=words):
        capture_stage.verified(unverified, settings)
    assert capture_stage.input_count(settings) == 2 * (2 * 60 + 50)


def test_examples_whose_images_were_swapped_are_refused(capture_stage: Any) -> None:
    unverified = capture_stage.capture()
    frame = capture_stage.examples.read()
    rolled = frame.with_columns(pl.col("image").shift(1).fill_null(frame["image"][-1]))
    write_table(rolled, capture_stage.examples.path)
    with pytest.raises(DataError, match="row 0: the content is not that of its example_id"):
        capture_stage.verified(unverified)


def test_examples_in_another_order_are_refused(capture_stage: Any) -> None:
    unverified = capture_stage.capture()
    frame = capture_stage.examples.read()
    write_table(pl.concat([frame[1:], frame[:1]]), capture_stage.examples.path)
    with pytest.raises(SoftLabelError, match=r"row 0: .*, but the expected example is"):
        capture_stage.verified(unverified)


@pytest.mark.parametrize(
    "values",
    [{"sparsifier": "topk", "k": 2}, {"sparsifier": "sample", "mean": "logit"}, {"weights": [1.0]}],
    ids=["mean of heads", "logits of a sample", "too few weights"],
)
@pytest.mark.parametrize("combine", ["read", "capture"])
def test_what_cannot_be_combined_exactly_is_refused_before_a_teacher_runs(
    capture_stage: Any, values: dict[str, Any], combine: str
) -> None:
    settings = capture_stage.settings(**values, combine=combine)
    if combine == "capture" and "weights" not in values:  # as the error advises
        assert len(capture_stage.capture(settings).members) == 1
        return
    refused = pytest.raises(Exception, match=r"combine=capture|softlabels\.weights")
    with refused as raised:
        capture_stage.capture(settings)
    assert isinstance(raised.value, SoftLabelError | DatasetError)
    assert capture_stage.inputs == []


def test_the_licence_is_an_input_of_capture_and_its_refusal_runs_no_teacher(
    capture_stage: Any,
) -> None:
    nodes = {node.name: node for node in create_pipeline().nodes}
    assert "licence" in nodes["capture"].inputs
    refs = refer_to_teachers(capture_stage.teachers, "float32", "cpu")
    for licence, words in (
        (own_licence(3), "covers 3 teachers, but there are 2"),
        (Licence(teachers=2 * given_licence(verdict="forbidden").teachers), "which forbids"),
    ):
        with pytest.raises(LicenceError, match=words):
            capture(
                capture_stage.examples,
                capture_stage.made.encoder,
                refs,
                licence.to_json(),
                [],
                capture_stage.settings(),
                "stop",
            )
        with pytest.raises(LicenceError, match=words):
            check_teachers(
                capture_stage.examples,
                capture_stage.made.encoder,
                refs,
                licence.to_json(),
                [],
                capture_stage.settings(),
                "stop",
            )
    assert capture_stage.inputs == []
