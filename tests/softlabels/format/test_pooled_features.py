"""Pooled features: kept in half precision beside the answers, joined by the same keys."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import torch
from small_project import ENCODER, Small, small, soft_labels, untrained_teachers

from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import PLAIN, Views
from stillroom.errors import SoftLabelError
from stillroom.models.forward.hidden_states import with_features
from stillroom.models.pretrained.model_directory import load_model
from stillroom.softlabels.format.combination import Combination
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.pooled_features import (
    WithFeatures,
    apart,
    column,
    features_of,
    halved,
    split,
)
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sparsifier,
    Threshold,
    TopK,
)
from stillroom.softlabels.verify.recheck import require_same_again
from stillroom.teachers.capture_inputs import ExampleQuestions
from stillroom.teachers.ensemble import Ensemble
from stillroom.teachers.model_teacher import How, open_teacher
from stillroom.teachers.teacher_ref import refer
from stillroom.training.data.memory_dataset import Rows, featured, read_split, replayed

HOW = How(augmentation="none", seed=0, batch_size=16, features="pooled")
KINDS: list[Sparsifier] = [
    Full(),
    TopK(k=2, temperatures=(1.0, 4.0)),
    Threshold(entries=1.5, tau=0.3, temperature=4.0),
    FixedThreshold(k=2, temperature=4.0),
]


@pytest.fixture
def made(tmp_path: Path) -> Small:
    return small(tmp_path)


def train(made: Small) -> Rows:
    return read_split(made.examples, read_encoder(made.encoder), "train")


def labels_of(
    made: Small, folder: Path, kind: Sparsifier = KINDS[0], members: int = 2, **more: Any
) -> SoftLabelSet:
    teachers = untrained_teachers(made, folder / "t", members)
    return soft_labels(made, teachers, folder / "s", kind, features="pooled", **more)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_each_row_has_the_features_of_its_own_view_of_every_teacher(
    made: Small, tmp_path: Path, kind: Sparsifier
) -> None:
    views = Views(count=2, shift=1, seed=0)
    members = 1 if isinstance(kind, TopK) else 2
    labels = labels_of(made, tmp_path, kind, members, views=views)
    rows = replayed(train(made), labels)
    models = [load_model(tmp_path / "t" / f"member_{n}") for n in range(members)]
    found = featured(rows, labels).features
    assert labels.feature_width == 32 * members
    for variant, (view, _) in enumerate(rows.variants):
        inputs = torch.from_numpy(views.apply(rows.inputs.numpy(), rows.example_ids, view))
        with torch.no_grad():
            expected = torch.cat([with_features(m, inputs)[1].pooled for m in models], dim=1)
        torch.testing.assert_close(found[variant], expected, rtol=1e-3, atol=1e-6)
    assert not torch.equal(found[0], found[1])


def test_any_reader_of_parquet_sees_them(made: Small, tmp_path: Path) -> None:
    labels = labels_of(made, tmp_path)
    shard = labels.manifest.members[0].shards[0]
    frame = pl.read_parquet(labels.path(0, shard))
    assert frame["features"].list.len().unique().to_list() == [32]
    kept = labels.features([(frame["example_id"][0], 0, 0)])[0, :32]
    assert [float(x) for x in frame["features"][0]] == kept.tolist()


def test_a_set_without_them_says_what_to_do(made: Small, tmp_path: Path) -> None:
    labels = soft_labels(made, untrained_teachers(made, tmp_path / "t", 1), tmp_path / "s")
    assert labels.feature_width == 0
    with pytest.raises(SoftLabelError, match=r"Set softlabels\.features=pooled"):
        labels.features([])


def test_a_poorer_sparsifier_keeps_them_without_a_teacher(
    made: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = labels_of(made, tmp_path, members=1)
    names = [(key, 0, 0) for key in train(made).example_ids]
    expected = whole.features(names)

    def asked(*_: object) -> None:
        raise AssertionError("the teacher was asked")

    monkeypatch.setattr("stillroom.teachers.model_teacher.batches_with_features", asked)
    monkeypatch.setattr("stillroom.teachers.model_teacher.batches_of_logits", asked)
    for kind in (
        TopK(k=3, temperatures=(1.0, 4.0)),
        Threshold(entries=1.5, tau=0.3, temperature=4.0),
    ):
        poorer = soft_labels(made, tmp_path / "t", tmp_path / "s", kind, features="pooled")
        assert (poorer.features(names) == expected).all()
    fewer = soft_labels(made, tmp_path / "t", tmp_path / "s", KINDS[1], features="pooled")
    assert (fewer.features(names) == expected).all()  # of the larger top-k


def test_an_ensemble_that_answers_as_one_has_them_side_by_side(made: Small, tmp_path: Path) -> None:
    folder = untrained_teachers(made, tmp_path / "t", 2)
    teachers = tuple(open_teacher(ref, HOW, ENCODER) for ref in refer(folder))
    ensemble = Ensemble(teachers, Combination.of("probability", [1.0, 1.0]))
    inputs = train(made).inputs.numpy()[:20]
    one = ensemble.keeping(Full())
    parts = [split(part) for part in one.answer(inputs)]
    found = torch.cat([features for _, features in parts])
    expected = [
        torch.cat([split(part)[1] for part in teacher.keeping(Full()).answer(inputs)])
        for teacher in teachers
    ]
    assert torch.equal(found, torch.cat(expected, dim=1))
    plain = torch.cat([torch.as_tensor(part) for part in ensemble.answer(inputs)])
    assert torch.equal(torch.cat([torch.as_tensor(logits) for logits, _ in parts]), plain)


def test_a_teacher_that_is_asked_again_must_show_the_same_features(
    made: Small, tmp_path: Path
) -> None:
    labels = labels_of(made, tmp_path)
    (ref, _) = refer(tmp_path / "t")
    member = open_teacher(ref, HOW, ENCODER).keeping(Full())
    shard, table = next(iter(labels.tables(0)))
    questions = ExampleQuestions(made.examples, read_encoder(made.encoder), PLAIN, 1)
    expected = [question for question, _ in zip(questions, range(shard.rows), strict=False)]
    require_same_again(Decoded(table, labels.layout(0)), expected, [0, 3], member, "here")
    at = table.schema.get_field_index("features")
    moved = np.roll(features_of(table), 1, axis=0)
    other = table.set_column(at, table.schema.field(at), column(moved))
    with pytest.raises(SoftLabelError, match="here, row 3: the teacher now answers otherwise"):
        require_same_again(Decoded(other, labels.layout(0)), expected, [3], member, "here")


def test_halves_are_rounded_and_what_they_cannot_hold_is_refused() -> None:
    found = halved(torch.tensor([[1.0, 2049.0], [0.1, -3.0]]), [1, 0, 1])
    assert found.dtype == np.float16
    assert found.tolist() == [[np.float16(0.1), -3.0], [1.0, 2048.0], [np.float16(0.1), -3.0]]
    for value in (70_000.0, float("nan")):
        with pytest.raises(SoftLabelError, match="half precision ends at 65504"):
            halved(torch.tensor([[value]]), [0])


def test_rows_of_other_widths_or_without_numbers_are_refused() -> None:
    kind = pa.list_(pa.field("element", pa.float16(), nullable=False))

    def table(rows: list[list[float]]) -> pa.Table:
        halves = [[np.float16(x) for x in row] for row in rows]
        return pa.table({"features": pa.array(halves, kind)})

    assert features_of(table([[1.0, 2.0], [3.0, 4.0]])).tolist() == [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(SoftLabelError, match="rows hold 1 to 2 features"):
        features_of(table([[1.0, 2.0], [3.0]]))
    with pytest.raises(SoftLabelError, match="NaN or infinity"):
        features_of(table([[float("nan")]]))


def test_distance_is_relative_to_the_largest_value() -> None:
    ours, theirs = np.array([[1.0, 10.0]], np.float16), np.array([[2.0, 10.0]], np.float16)
    assert apart(ours, theirs) == pytest.approx(0.1)
    assert apart(ours, ours) == 0
    assert apart(ours, theirs[:, :1]) == float("inf")


def test_an_answer_is_split() -> None:
    assert split(WithFeatures(1, 2)) == (1, 2)
    assert split("logits") == ("logits", None)
