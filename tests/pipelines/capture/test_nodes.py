"""Capture: real teachers answer only new rows, and the set is published."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.softlabels.dense_reference import softmax
from support.softlabels.linear_teachers import eighths

from stillroom.config.compose import compose
from stillroom.config.schema.data_schema import Data
from stillroom.data.encoders import ArrayEncoder, read_encoder
from stillroom.data.views.image_views import Views
from stillroom.io.tables import TableFile, write_table
from stillroom.models.architecture_registry import build
from stillroom.models.forward.fixed_shape import logits
from stillroom.models.pretrained.model_directory import load_model, save_model
from stillroom.models.shape import Shape
from stillroom.pipelines.capture.pipeline import create_pipeline
from stillroom.pipelines.ingest.nodes import ingest_examples
from stillroom.softlabels.format.manifest import MANIFEST
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.threshold import Threshold

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
    assert capture_stage.input_count(settings) == 0
    again = capture_stage.run(settings)
    assert (again.folder / MANIFEST).read_bytes() == first
    # Verification runs each teacher on at most two rows of a shard.
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
    mean = labels.plain(frame["example_id"].to_list(), 1.0).dense()
    np.testing.assert_allclose(mean, 0.75 * first + 0.25 * second, atol=1e-6)


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
    whole = capture_stage.capture()
    some = capture_stage.examples.read()[np.random.default_rng(1).permutation(110)[:40].tolist()]
    ids = some["example_id"].to_list()
    expected = whole.plain(ids, 4.0).dense()
    write_table(some, capture_stage.examples.path)
    monkeypatch.setenv("STILLROOM_STORE", str(tmp_path / "another"))
    assert capture_stage.input_count() == 2 * 40
    assert (capture_stage.capture().plain(ids, 4.0).dense() == expected).all()


def test_a_member_more_costs_that_member_alone_and_other_weights_cost_nothing(
    capture_stage: Any,
) -> None:
    first, second = sorted(capture_stage.teachers.iterdir())
    aside = second.rename(capture_stage.teachers.with_name("aside"))
    assert capture_stage.input_count() == 110
    aside.rename(second)
    assert capture_stage.input_count() == 110
    before = capture_stage.capture().manifest
    capture_stage.inputs.clear()
    after = capture_stage.capture(capture_stage.settings(weights=[5.0, 1.0])).manifest
    assert capture_stage.inputs == []
    assert after.members == before.members
    assert after.fingerprint != before.fingerprint
    assert after.combination.shares == pytest.approx((5 / 6, 1 / 6))
    assert capture_stage.input_count(capture_stage.settings(mean="logit")) == 0
    shutil.rmtree(first)
    assert capture_stage.input_count() == 0


def test_one_view_more_costs_that_view_alone(capture_stage: Any) -> None:
    assert capture_stage.input_count(capture_stage.settings(views=1)) == 2 * (60 + 50)
    assert capture_stage.input_count(capture_stage.settings(views=2)) == 2 * 60
    assert capture_stage.input_count(capture_stage.settings(views=2, shift=1)) == 2 * (2 * 60 + 50)


def test_the_teacher_is_given_the_views_that_the_transform_makes(capture_stage: Any) -> None:
    capture_stage.capture(capture_stage.settings(views=2, shift=1, seed=4))
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
    assert capture_stage.input_count(settings) == 2 * 30
    assert [capture.sparsifier for capture in capture_stage.run(settings).manifest.captures] == taus


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
        stored = labels.plain(frame["example_id"].to_list(), temperature).dense()
        np.testing.assert_allclose(stored, head, atol=1e-6)


def sorted_weights(capture_stage: Any) -> list[str]:
    from stillroom.teachers.stored_teachers import teacher_refs

    return [ref.weights for ref in teacher_refs(capture_stage.teachers)]


FEATURES = ("a", "b", "c")


def csv(rows: np.ndarray[Any, Any], labels: list[str]) -> str:
    lines = [",".join(map(str, [label, *row])) for label, row in zip(labels, rows, strict=True)]
    return "\n".join(["label,a,b,c", *lines]) + "\n"


def test_a_new_file_of_a_hundredth_asks_the_given_teacher_about_its_rows_alone(
    capture_stage: Any, here: Path
) -> None:
    # From the file on disk through ingest to the published set, with the same teacher.
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
        """Return the teacher's inputs and the published set."""
        examples, encoder, _ = ingest_examples(data)
        made = replace(capture_stage.made, examples=TableFile(examples), encoder=encoder)
        stage = replace(capture_stage, made=made, teachers=given.parent)
        settings = stage.settings(rows_per_shard=32)
        stage.input_count(settings)
        return sorted(stage.inputs), stage.run(settings)

    inputs, before = distilled("before")
    assert inputs == sorted(row.tobytes() for row in rows[:old])
    shards = {shard.sha256 for shard in before.manifest.members[0].shards}
    (folder / "1.csv").write_text(csv(rows[old:new], labels[old:new]))
    inputs, after = distilled("after")
    assert inputs == sorted(row.tobytes() for row in rows[old:new])
    assert after.manifest.rows == new
    assert isinstance(after.manifest.captures[0].sparsifier, Full)
    later = {shard.sha256 for shard in after.manifest.members[0].shards}
    assert len(shards - later) <= 1
    assert len(later - shards) <= 2


def test_only_checked_teachers_are_captured_and_only_a_licence_lets_them_be_checked() -> None:
    nodes = {node.name: node for node in create_pipeline().nodes}
    for name in ("capture", "verify"):
        assert {"teacher_alarms", "params:evaluate.sanity"} <= set(nodes[name].inputs)
    assert {"licence", "data_alarms", "params:evaluate.sanity"} <= set(
        nodes["check_teachers"].inputs
    )
