"""Capture: real teachers are asked what is new, and what is wrong stays unpublished."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from dense_answers import softmax
from kedro.io import DatasetError
from linear_teachers import eighths
from small_licences import given_licence, own_licence

from stillroom.config.compose import compose
from stillroom.config.data_schema import Data
from stillroom.data.encoders import ArrayEncoder, read_encoder
from stillroom.data.views.image_views import Views
from stillroom.errors import LicenceError, SoftLabelError
from stillroom.io.tables import TableFile, write_table
from stillroom.models.forward.fixed_shape import logits
from stillroom.models.pretrained.model_directory import load_model, save_model
from stillroom.models.registry import build
from stillroom.models.shape import Shape
from stillroom.pipelines.capture.nodes import answer, refer_to_teachers
from stillroom.pipelines.capture.pipeline import create_pipeline
from stillroom.pipelines.ingest.nodes import ingest_examples
from stillroom.softlabels.format.manifest import MANIFEST
from stillroom.softlabels.sparsify.sparsifiers import Full, Threshold
from stillroom.teachers.licences.licence_document import Licence

ROOT = Path(__file__).resolve().parents[3]
STORE = Path(".stillroom/store")
TOP = {"sparsifier": "topk", "k": 2, "combine": "capture"}
KINDS: list[dict[str, Any]] = [
    {"sparsifier": "full"},
    TOP,
    {"sparsifier": "sample", "samples": 20},
    {"sparsifier": "threshold", "entries": 1.5},
    {"sparsifier": "threshold", "tau": 0.25},
    {"sparsifier": "threshold_fixed", "k": 2},
]


def test_only_verify_yields_soft_labels_and_nothing_else_reads_the_unverified() -> None:
    stage = create_pipeline()
    nodes = {node.name: node for node in stage.nodes}
    assert nodes["verify"].outputs == ["soft_labels"]
    assert [n.name for n in stage.nodes if "unverified_labels" in n.inputs] == ["verify"]


@pytest.mark.parametrize("values", KINDS, ids=lambda v: "-".join(map(str, v.values())))
def test_what_is_captured_is_verified_and_published_and_a_second_run_asks_nothing(
    capture_stage: Any, values: dict[str, Any]
) -> None:
    settings = capture_stage.settings(**values, views=2, draws=2)
    published = capture_stage.run(settings)
    first = (published.folder / MANIFEST).read_bytes()
    assert published.manifest.rows == 60 * 2 * 2 + 50
    assert published.manifest.class_names == ("across", "down", "plain")
    assert capture_stage.asked_for(settings) == 0
    again = capture_stage.run(settings)
    assert (again.folder / MANIFEST).read_bytes() == first
    # Verifying asks each teacher about at most two rows of a shard.
    shards = sum(len(member.shards) for member in again.manifest.members)
    assert len(capture_stage.inputs) <= 2 * shards * (2 if values == TOP else 1)


def test_a_whole_ensemble_is_the_mean_of_its_members_in_float64(capture_stage: Any) -> None:
    labels = capture_stage.run(capture_stage.settings(weights=[3.0, 1.0]))
    frame = capture_stage.examples.read()
    inputs = read_encoder(capture_stage.made.encoder).encode(frame)
    first, second = (
        softmax(logits(load_model(path), inputs, 16))
        for path in sorted(capture_stage.teachers.iterdir())
    )
    found = labels.plain(frame["example_id"].to_list(), 1.0).dense()
    np.testing.assert_allclose(found, 0.75 * first + 0.25 * second, atol=1e-6)


def test_two_captures_in_two_stores_are_equal_to_the_byte(
    capture_stage: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trees = []
    for name in ("a", "b"):
        monkeypatch.setenv("STILLROOM_STORE", str(tmp_path / name))
        folder = capture_stage.run(capture_stage.settings(**KINDS[3])).folder
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        trees.append({path.relative_to(folder): path.read_bytes() for path in files})
    assert len(trees[0]) > 4
    assert trees[0] == trees[1]


def test_an_examples_labels_do_not_depend_on_the_others(
    capture_stage: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    whole = capture_stage.answered()
    some = capture_stage.examples.read()[np.random.default_rng(1).permutation(110)[:40].tolist()]
    ids = some["example_id"].to_list()
    expected = whole.plain(ids, 4.0).dense()
    write_table(some, capture_stage.examples.path)
    monkeypatch.setenv("STILLROOM_STORE", str(tmp_path / "another"))
    assert capture_stage.asked_for() == 2 * 40
    assert (capture_stage.answered().plain(ids, 4.0).dense() == expected).all()


def test_a_member_more_costs_that_member_alone_and_other_weights_cost_nothing(
    capture_stage: Any,
) -> None:
    first, second = sorted(capture_stage.teachers.iterdir())
    aside = second.rename(capture_stage.teachers.with_name("aside"))
    assert capture_stage.asked_for() == 110
    aside.rename(second)
    assert capture_stage.asked_for() == 110
    before = capture_stage.answered().manifest
    capture_stage.inputs.clear()
    after = capture_stage.answered(capture_stage.settings(weights=[5.0, 1.0])).manifest
    assert capture_stage.inputs == []
    assert after.members == before.members
    assert after.fingerprint != before.fingerprint
    assert after.combination.shares == pytest.approx((5 / 6, 1 / 6))
    assert capture_stage.asked_for(capture_stage.settings(mean="logit")) == 0
    shutil.rmtree(first)
    assert capture_stage.asked_for() == 0


def test_one_view_more_costs_that_view_alone(capture_stage: Any) -> None:
    assert capture_stage.asked_for(capture_stage.settings(views=1)) == 2 * (60 + 50)
    assert capture_stage.asked_for(capture_stage.settings(views=2)) == 2 * 60
    assert capture_stage.asked_for(capture_stage.settings(views=2, shift=1)) == 2 * (2 * 60 + 50)


def test_the_teacher_is_given_the_views_that_the_transform_makes(capture_stage: Any) -> None:
    capture_stage.answered(capture_stage.settings(views=2, shift=1, seed=4))
    frame = capture_stage.examples.read()
    plain = read_encoder(capture_stage.made.encoder).encode(frame)
    moved = Views(count=2, shift=1, seed=4)
    train, rest = plain[:60], plain[60:]
    keys = frame["example_id"].to_list()[:60]
    expected = [x.tobytes() for view in (1, 2) for x in moved.apply(train, keys, view)]
    expected += [x.tobytes() for x in rest]
    assert sorted(capture_stage.inputs) == sorted(expected * 2)


def test_a_tau_is_solved_once_and_more_rows_do_not_move_it(capture_stage: Any) -> None:
    settings = capture_stage.settings(**KINDS[3], weights=[1.0, 1.0])
    frame = capture_stage.examples.read()
    write_table(frame[:80], capture_stage.examples.path)
    taus = [capture.sparsifier for capture in capture_stage.run(settings).manifest.captures]
    assert all(isinstance(kind, Threshold) and kind.entries == 1.5 for kind in taus)
    write_table(frame, capture_stage.examples.path)
    assert capture_stage.asked_for(settings) == 2 * 30
    assert [capture.sparsifier for capture in capture_stage.run(settings).manifest.captures] == taus


def test_labels_of_another_teacher_are_refused_with_both_hashes(capture_stage: Any) -> None:
    unverified = capture_stage.answered()
    other = build("mlp", {"hidden": [32]}, capture_stage.made.shape, seed=9)
    shutil.rmtree(capture_stage.teachers / "member_1")
    save_model(other, read_encoder(capture_stage.made.encoder), capture_stage.teachers / "member_1")
    with pytest.raises(SoftLabelError, match=r"member 1: weights  \w+  \(expected \w+\)"):
        capture_stage.verified(unverified)


@pytest.mark.parametrize("members", [1, 3])
def test_another_number_of_teachers_is_refused_with_both_numbers(
    capture_stage: Any, members: int
) -> None:
    unverified = capture_stage.answered()
    if members == 1:
        shutil.rmtree(capture_stage.teachers / "member_1")
    else:
        shutil.copytree(capture_stage.teachers / "member_1", capture_stage.teachers / "member_2")
    with pytest.raises(SoftLabelError, match=f"made by 2 teachers, and {members} are expected"):
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
    unverified = capture_stage.answered()
    with pytest.raises(SoftLabelError, match=words):
        capture_stage.verified(unverified, capture_stage.settings(**values))


def test_a_changed_transform_is_named_with_both_sides(
    capture_stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = capture_stage.settings(views=2)
    unverified = capture_stage.answered(settings)
    monkeypatch.setattr("stillroom.data.views.image_views.TRANSFORM", "shift-3")
    words = r"augmentation  shift-2 shift=2 seed=0  \(expected shift-3 shift=2 seed=0\)"
    with pytest.raises(SoftLabelError, match=words):
        capture_stage.verified(unverified, settings)
    assert capture_stage.asked_for(settings) == 2 * (2 * 60 + 50)


def test_examples_whose_images_were_swapped_are_refused(capture_stage: Any) -> None:
    unverified = capture_stage.answered()
    frame = capture_stage.examples.read()
    rolled = frame.with_columns(pl.col("image").shift(1).fill_null(frame["image"][-1]))
    write_table(rolled, capture_stage.examples.path)
    with pytest.raises(SoftLabelError, match=r"member 0, shard .*, row 0: .*misaligned"):
        capture_stage.verified(unverified)


@pytest.mark.parametrize(
    "values",
    [{"sparsifier": "topk", "k": 2}, {"sparsifier": "sample", "mean": "logit"}, {"weights": [1.0]}],
    ids=["mean of heads", "logits of a sample", "too few weights"],
)
@pytest.mark.parametrize("combine", ["read", "capture"])
def test_what_cannot_be_combined_exactly_is_refused_before_a_teacher_is_asked(
    capture_stage: Any, values: dict[str, Any], combine: str
) -> None:
    settings = capture_stage.settings(**values, combine=combine)
    if combine == "capture" and "weights" not in values:  # what the refusal tells to do
        assert len(capture_stage.answered(settings).members) == 1
        return
    refused = pytest.raises(Exception, match=r"combine=capture|softlabels\.weights")
    with refused as raised:
        capture_stage.answered(settings)
    assert isinstance(raised.value, SoftLabelError | DatasetError)
    assert capture_stage.inputs == []


def test_a_head_that_was_combined_at_capture_is_the_ensembles_own(capture_stage: Any) -> None:
    labels = capture_stage.run(capture_stage.settings(**TOP))
    labels.require(["across", "down", "plain"], sorted_weights(capture_stage))
    frame = capture_stage.examples.read()
    inputs = read_encoder(capture_stage.made.encoder).encode(frame)
    first, second = (
        softmax(logits(load_model(path), inputs, 16))
        for path in sorted(capture_stage.teachers.iterdir())
    )
    mean = (first + second) / 2
    for temperature in (1.0, 4.0):
        p = softmax(np.log(mean), temperature)
        head = np.where(p > p.min(axis=1, keepdims=True), p, 0)
        found = labels.plain(frame["example_id"].to_list(), temperature).dense()
        np.testing.assert_allclose(found, head, atol=1e-6)


def sorted_weights(capture_stage: Any) -> list[str]:
    from stillroom.teachers.teacher_ref import refer

    return [ref.weights for ref in refer(capture_stage.teachers)]


FEATURES = ("a", "b", "c")


def csv(rows: np.ndarray[Any, Any], labels: list[str]) -> str:
    lines = [",".join(map(str, [label, *row])) for label, row in zip(labels, rows, strict=True)]
    return "\n".join(["label,a,b,c", *lines]) + "\n"


def test_a_new_file_of_a_hundredth_asks_the_given_teacher_about_its_rows_alone(
    capture_stage: Any, here: Path
) -> None:
    # From the file on disk through ingest to the published set, with a teacher that stays.
    composed = compose(
        ROOT, {"groups": {"data": "table", "teacher": "given", "student": "mlp"},
               "data": {"columns": {"features": list(FEATURES)}}}
    )  # fmt: skip
    data = Data(**composed["data"])
    encoder = ArrayEncoder(
        kind="features", classes=("x", "y"), shape=(3,), raw_shape=(), mean=(0.0,) * 3,
        scale=(1.0,) * 3,
    )  # fmt: skip
    model = build("mlp", {"hidden": [8]}, Shape((3,), ("x", "y")), seed=2)
    given = here / "given" / "member_0"
    save_model(model, encoder, given)
    rows = np.unique(eighths(np.random.default_rng(0), 900, 3), axis=0)
    rows = np.random.default_rng(1).permutation(rows)
    best = logits(model, rows, 16).argmax(axis=1)
    labels = ["xy"[int(one)] for one in best]
    folder = here / "data" / "01_raw"
    folder.mkdir(parents=True)
    old, new = 600, 606
    (folder / "0.csv").write_text(csv(rows[:old], labels[:old]))

    def distilled(name: str) -> tuple[list[bytes], Any]:
        """Return what the teacher was asked, and the published set."""
        examples, found, _ = ingest_examples(data)
        made = replace(capture_stage.made, examples=TableFile(examples), encoder=found)
        stage = replace(capture_stage, made=made, teachers=given.parent)
        settings = stage.settings(rows_per_shard=32)
        stage.asked_for(settings)
        return sorted(stage.inputs), stage.run(settings)

    asked, before = distilled("before")
    assert asked == sorted(row.tobytes() for row in rows[:old])
    shards = {shard.sha256 for shard in before.manifest.members[0].shards}
    (folder / "1.csv").write_text(csv(rows[old:new], labels[old:new]))
    asked, after = distilled("after")
    assert asked == sorted(row.tobytes() for row in rows[old:new])
    assert after.manifest.rows == new
    assert isinstance(after.manifest.captures[0].sparsifier, Full)
    later = {shard.sha256 for shard in after.manifest.members[0].shards}
    assert len(shards - later) <= 1
    assert len(later - shards) <= 2


def test_the_licence_is_an_input_of_answer_and_its_refusal_costs_no_answer(
    capture_stage: Any,
) -> None:
    nodes = {node.name: node for node in create_pipeline().nodes}
    assert "licence" in nodes["answer"].inputs
    refs = refer_to_teachers(capture_stage.teachers, "float32", "cpu")
    for licence, words in (
        (own_licence(3), "of 3 teachers, and 2 are there"),
        (Licence(teachers=2 * given_licence(verdict="forbidden").teachers), "which forbids"),
    ):
        with pytest.raises(LicenceError, match=words):
            answer(
                capture_stage.examples,
                capture_stage.made.encoder,
                refs,
                licence.to_json(),
                capture_stage.settings(),
            )
    assert capture_stage.inputs == []
