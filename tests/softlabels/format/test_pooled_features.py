"""Pooled features: stored in half precision beside the answers, under the same keys."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import torch
from support.examples.image_examples import (
    ENCODER,
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)

from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import PLAIN, Views
from stillroom.errors import SoftLabelError
from stillroom.models.forward.hidden_states import logits_and_features
from stillroom.models.pretrained.model_directory import load_model
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.pooled_features import (
    OF_PIECES,
    POOLED,
    RowFeatures,
    WithFeatures,
    feature_columns,
    features_of,
    half_precision,
    relative_distance,
    split,
)
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.verify.recheck import recheck_distance
from stillroom.teachers.capture_inputs import ExampleInputs
from stillroom.teachers.ensemble import Ensemble
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings
from stillroom.training.data.memory_dataset import (
    MemoryDataset,
    read_split,
    with_captured_views,
    with_pooled_features,
)

HOW = CaptureSettings(augmentation="none", seed=0, batch_size=16, features="pooled")
KINDS: list[Sparsifier] = [
    Full(),
    TopK(k=2, temperatures=(1.0, 4.0)),
    Threshold(entries=1.5, tau=0.3, temperature=4.0),
    FixedThreshold(k=2, temperature=4.0),
]


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


def train(made: ImageExamples) -> MemoryDataset:
    return read_split(made.examples, read_encoder(made.encoder), "train")


def labels_of(
    made: ImageExamples, folder: Path, kind: Sparsifier = KINDS[0], members: int = 2, **more: Any
) -> SoftLabelSet:
    teachers = untrained_teachers(made, folder / "t", members)
    return soft_labels(made, teachers, folder / "s", kind, features="pooled", **more)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_each_row_has_the_features_of_its_own_view_of_every_teacher(
    made: ImageExamples, tmp_path: Path, kind: Sparsifier
) -> None:
    views = Views(count=2, shift=1, seed=0)
    members = 1 if isinstance(kind, TopK) else 2
    labels = labels_of(made, tmp_path, kind, members, views=views)
    rows = with_captured_views(train(made), labels)
    models = [load_model(tmp_path / "t" / f"member_{n}") for n in range(members)]
    features = with_pooled_features(rows, labels).features
    assert labels.feature_width == 32 * members
    for variant, (view, _) in enumerate(rows.variants):
        inputs = torch.from_numpy(views.apply(rows.inputs.numpy(), rows.example_ids, view))
        with torch.no_grad():
            expected = torch.cat([logits_and_features(m, inputs)[1].pooled for m in models], dim=1)
        kept = torch.from_numpy(features[variant].vectors).float()
        torch.testing.assert_close(kept, expected, rtol=1e-3, atol=1e-6)
    assert (features[0].vectors != features[1].vectors).any()


def test_any_reader_of_parquet_can_read_the_features(made: ImageExamples, tmp_path: Path) -> None:
    labels = labels_of(made, tmp_path)
    shard = labels.manifest.members[0].shards[0]
    frame = pl.read_parquet(labels.path(0, shard))
    assert frame["features"].list.len().unique().to_list() == [32]
    kept = labels.features([(frame["example_id"][0], 0, 0)]).vectors[0, :32]
    assert [float(x) for x in frame["features"][0]] == kept.tolist()


def test_a_set_without_features_says_what_to_do(made: ImageExamples, tmp_path: Path) -> None:
    labels = soft_labels(made, untrained_teachers(made, tmp_path / "t", 1), tmp_path / "s")
    assert labels.feature_width == 0
    with pytest.raises(SoftLabelError, match=r"Set softlabels\.features=pooled"):
        labels.features([])


def test_a_smaller_sparsifier_keeps_the_features_without_a_teacher(
    made: ImageExamples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = labels_of(made, tmp_path, members=1)
    names = [(key, 0, 0) for key in train(made).example_ids]
    expected = whole.features(names).vectors

    def inputs(*_: object) -> None:
        raise AssertionError("the teacher ran")

    monkeypatch.setattr("stillroom.teachers.model_teacher.batches_of_logits_and_features", inputs)
    monkeypatch.setattr("stillroom.teachers.model_teacher.batches_of_logits", inputs)
    for kind in (
        TopK(k=3, temperatures=(1.0, 4.0)),
        Threshold(entries=1.5, tau=0.3, temperature=4.0),
    ):
        poorer = soft_labels(made, tmp_path / "t", tmp_path / "s", kind, features="pooled")
        assert (poorer.features(names).vectors == expected).all()
    fewer = soft_labels(made, tmp_path / "t", tmp_path / "s", KINDS[1], features="pooled")
    assert (fewer.features(names).vectors == expected).all()  # of the larger top-k


def test_an_ensemble_that_is_combined_at_capture_has_its_members_features_side_by_side(
    made: ImageExamples, tmp_path: Path
) -> None:
    folder = untrained_teachers(made, tmp_path / "t", 2)
    teachers = tuple(open_teacher(ref, HOW, ENCODER) for ref in teacher_refs(folder))
    ensemble = Ensemble(teachers, Combination.of("probability", [1.0, 1.0]))
    inputs = train(made).inputs.numpy()[:20]
    one = ensemble.keeping(Full())
    parts = [split(part) for part in one.answer(inputs)]
    features = RowFeatures.stacked([part for _, part in parts if part is not None])
    expected = [
        np.concatenate(
            [half_precision(part).vectors for part in teacher.answer_with_features(inputs)]
        )
        for teacher in teachers
    ]
    assert (features.vectors == np.concatenate(expected, axis=1)).all()
    plain = torch.cat([torch.as_tensor(part) for part in ensemble.answer(inputs)])
    assert torch.equal(torch.cat([torch.as_tensor(logits) for logits, _ in parts]), plain)


def test_a_rechecked_teacher_must_give_the_same_features(
    made: ImageExamples, tmp_path: Path
) -> None:
    labels = labels_of(made, tmp_path)
    (ref, _) = teacher_refs(tmp_path / "t")
    member = open_teacher(ref, HOW, ENCODER).keeping(Full())
    shard, table = next(iter(labels.tables(0)))
    capture_inputs = ExampleInputs(made.examples, read_encoder(made.encoder), PLAIN, 1)
    expected = [
        capture_input for capture_input, _ in zip(capture_inputs, range(shard.rows), strict=False)
    ]
    assert recheck_distance(Decoded(table, labels.layout(0)), expected, [0, 3], member, "here") == 0
    at = table.schema.get_field_index("features")
    kept = features_of(table, POOLED)
    moved = RowFeatures(np.roll(kept.vectors, 1, axis=0), kept.counts)
    column = feature_columns(moved, POOLED)["features"]
    other = table.set_column(at, table.schema.field(at), column)
    with pytest.raises(SoftLabelError, match="here, row 3: the teacher's answer changed"):
        recheck_distance(Decoded(other, labels.layout(0)), expected, [3], member, "here")


def test_features_are_rounded_and_too_large_ones_are_refused() -> None:
    answer = WithFeatures(None, torch.tensor([[1.0, 2049.0], [0.1, -3.0]]))
    features = half_precision(answer).rows([1, 0, 1]).vectors
    assert features.dtype == np.float16
    assert features.tolist() == [[np.float16(0.1), -3.0], [1.0, 2048.0], [np.float16(0.1), -3.0]]
    for value in (70_000.0, float("nan")):
        with pytest.raises(SoftLabelError, match="half precision ends at 65504"):
            half_precision(WithFeatures(None, torch.tensor([[value]])))


def test_rows_of_other_widths_or_without_numbers_are_refused() -> None:
    kind = pa.list_(pa.field("element", pa.float16(), nullable=False))

    def table(rows: list[list[float]]) -> pa.Table:
        halves = [[np.float16(x) for x in row] for row in rows]
        return pa.table({"features": pa.array(halves, kind)})

    def vectors(rows: list[list[float]]) -> list[list[float]]:
        kept: list[list[float]] = features_of(table(rows), POOLED).vectors.tolist()
        return kept

    assert vectors([[1.0, 2.0], [3.0, 4.0]]) == [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(SoftLabelError, match="vectors hold 1 to 2 features"):
        vectors([[1.0, 2.0], [3.0]])
    with pytest.raises(SoftLabelError, match="NaN or infinity"):
        vectors([[float("nan")]])


def test_rows_of_several_pieces_have_a_vector_for_each() -> None:
    answer = WithFeatures(None, torch.arange(10.0).view(5, 2), torch.tensor([2, 1, 2]))
    kept = half_precision(answer)
    assert kept.rows([2, 0]).vectors.tolist() == [[6, 7], [8, 9], [0, 1], [2, 3]]
    assert kept.rows([2, 0]).counts.tolist() == [2, 2]
    assert kept.rows([1, 1]).vectors.tolist() == [[4, 5], [4, 5]]
    table = pa.table(feature_columns(kept, OF_PIECES))
    assert table["features"].to_pylist()[0] == [0, 1, 2, 3]
    assert table["pieces"].to_pylist() == [2, 1, 2]
    back = features_of(table.slice(1), OF_PIECES)
    assert back.vectors.tolist() == [[4, 5], [6, 7], [8, 9]]
    for pieces, words in (
        ([1, 1, 1], "2 to 4"),
        ([2, 1, 3], "1.33333 to 2"),
        ([0, 1, 2], "2 to 4"),
    ):
        wrong = table.set_column(1, "pieces", pa.array(pieces, pa.uint16()))
        with pytest.raises(SoftLabelError, match=f"vectors hold {words} features"):
            features_of(wrong, OF_PIECES)


def test_distance_is_relative_to_the_largest_value() -> None:
    one = np.ones(1, np.int64)
    ours, theirs, narrow = (
        RowFeatures(np.array([vector], np.float16), one)
        for vector in ([1.0, 10.0], [2.0, 10.0], [2.0])
    )
    assert relative_distance(ours, theirs) == pytest.approx(0.1)
    assert relative_distance(ours, ours) == 0
    assert relative_distance(ours, narrow) == float("inf")


def test_an_answer_is_split() -> None:
    logits, features = split(WithFeatures(1, torch.ones(1, 2)))
    assert logits == 1
    assert features is not None
    assert features.vectors.tolist() == [[1, 1]]
    assert split("logits") == ("logits", None)
