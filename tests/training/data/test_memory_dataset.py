"""The dataset in memory: joined by key, with the views that the teachers saw."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from support.examples.image_examples import (
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)
from support.softlabels.dense_reference import softmax
from support.training.jobs import numbered_rows

from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import Views
from stillroom.errors import SoftLabelError
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.teachers import model_teacher
from stillroom.training.data.batch_loader import Batch, BatchLoader
from stillroom.training.data.batches import RowBatches
from stillroom.training.data.memory_dataset import (
    MemoryDataset,
    labelled_rows,
    read_split,
    with_captured_views,
    with_targets,
    with_views,
)
from stillroom.training.data.sampler import MicroBatch, MicroBatchSampler

MOVED = Views(count=3, shift=2, seed=5)


def loader(rows: MemoryDataset, batch_size: int, seed: int) -> BatchLoader:
    table, order = rows.shuffled(seed)
    return BatchLoader(table, MicroBatchSampler(RowBatches(order, batch_size)), workers=0)


def batches_of(batches: BatchLoader, epoch: int) -> list[Batch]:
    batches.micro_batches.go_to(epoch, 0)
    return list(batches)


def all_of(rows: MemoryDataset, epoch: int) -> Batch:
    return rows[MicroBatch(batch=np.arange(len(rows)), number=0, count=1, epoch=epoch)]


def train(made: ImageExamples) -> MemoryDataset:
    return read_split(made.examples, read_encoder(made.encoder), "train")


@pytest.fixture
def made(tmp_path: Path) -> ImageExamples:
    return image_examples(tmp_path)


def labels_of(
    made: ImageExamples, folder: Path, kind: Sparsifier | None = None, members: int = 1, **more: Any
) -> SoftLabelSet:
    teachers = untrained_teachers(made, folder / "t", members)
    return soft_labels(made, teachers, folder / "s", kind or Full(), **more)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> dict[bytes, np.ndarray]:
    """Record the logits of each input of the teacher, by the input's bytes."""
    answer_of: dict[bytes, np.ndarray] = {}
    real = model_teacher.batches_of_logits

    def recording(model: Any, inputs: np.ndarray, batch_size: int) -> Iterator[Any]:
        logits = list(real(model, inputs, batch_size))
        every = np.concatenate([np.asarray(part) for part in logits])
        answer_of.update((one.tobytes(), answer) for one, answer in zip(inputs, every, strict=True))
        yield from logits

    monkeypatch.setattr(model_teacher, "batches_of_logits", recording)
    return answer_of


def test_inputs_labels_and_targets_of_a_row_stay_together(
    made: ImageExamples, tmp_path: Path
) -> None:
    labels = labels_of(made, tmp_path, members=2)
    plain = train(made)
    frame = made.examples.read().filter(pl.col("split") == "train")
    expected = labels.plain(frame["example_id"].to_list(), 4.0).dense()
    for batch in batches_of(loader(with_targets(plain, labels, [4.0]), 7, seed=1), 2):
        assert batch.target is not None
        assert list(batch.target.log_p) == [4.0]
        dense = torch.zeros(len(batch.labels), 3).scatter(
            1, batch.target.ids, batch.target.at(4.0).exp()
        )
        for image, label, p in zip(batch.inputs, batch.labels, dense, strict=True):
            row = (plain.inputs == image).flatten(1).all(dim=1).nonzero().item()
            assert label == frame["label"][row]
            assert p.tolist() == pytest.approx(expected[row].tolist(), abs=1e-6)


def test_the_student_gets_the_very_tensor_that_the_teacher_was_given_with_its_answer(
    made: ImageExamples, tmp_path: Path, answered: dict[bytes, np.ndarray]
) -> None:
    labels = labels_of(made, tmp_path, views=MOVED)
    plain = train(made)
    batch_loader = loader(with_targets(plain, labels, [4.0]), 16, seed=1)
    by_epoch = []
    for epoch in range(6):
        inputs = []
        for batch in batches_of(batch_loader, epoch):
            assert batch.target is not None
            order = batch.target.ids.argsort(dim=1)
            p = batch.target.at(4.0).gather(1, order).exp().numpy()
            for image, target in zip(batch.inputs.numpy(), p, strict=True):
                logits = answered[image.tobytes()]  # bit for bit; otherwise the key is missing
                np.testing.assert_allclose(target, softmax(logits[None], 4.0)[0], atol=1e-6)
                inputs.append(image.tobytes())
        by_epoch.append(sorted(inputs))
    # Epochs 1 to 3 are views 1 to 3, the fourth is view 1 again; none is the plain image.
    assert by_epoch[3:] == by_epoch[:3]
    keys, images = plain.example_ids, plain.inputs.numpy()
    for epoch, inputs in enumerate(by_epoch[:3]):
        assert inputs == sorted(v.tobytes() for v in MOVED.apply(images, keys, epoch + 1))
        assert inputs != sorted(image.tobytes() for image in images)


@pytest.mark.parametrize("hard", ["all", "labelled"])
def test_a_control_sees_the_same_views_in_the_same_order(tmp_path: Path, hard: str) -> None:
    made = image_examples(tmp_path, unlabelled=20 if hard == "labelled" else 0)
    labels = labels_of(made, tmp_path, views=MOVED)
    plain = train(made)
    student, control = with_targets(plain, labels, [4.0]), with_captured_views(plain, labels)
    assert (control.views, control.variants) == (MOVED, student.variants)
    assert control.targets == []
    if hard == "labelled":
        student, control = labelled_rows(student), labelled_rows(control)
        assert len(control.labels) == 40
    for epoch in range(4):
        pairs = zip(
            batches_of(loader(student, 16, 3), epoch),
            batches_of(loader(control, 16, 3), epoch),
            strict=True,
        )
        for ours, theirs in pairs:
            assert (ours.inputs == theirs.inputs).all()
            assert (ours.labels == theirs.labels).all()
            assert theirs.target is None


def test_a_labelled_row_keeps_its_own_key_and_so_its_own_view(tmp_path: Path) -> None:
    made = image_examples(tmp_path, unlabelled=20)
    labels = labels_of(made, tmp_path, views=MOVED)
    plain = train(made)
    few = labelled_rows(with_captured_views(plain, labels))
    assert few.example_ids == plain.example_ids[20:]
    expected = MOVED.apply(plain.inputs.numpy(), plain.example_ids, 2)[20:]
    assert (all_of(few, 1).inputs.numpy() == expected).all()


def test_draws_are_taken_in_turn_on_the_plain_image(made: ImageExamples, tmp_path: Path) -> None:
    kind = Sample(samples=5, temperature=4.0)
    labels = labels_of(made, tmp_path, kind, draws=3)
    plain = train(made)
    dataset = with_targets(plain, labels, [4.0])
    assert dataset.variants == [(0, 0), (0, 1), (0, 2)]
    dense = []
    for variant, (view, draw) in enumerate(dataset.variants):
        batch = all_of(dataset, variant)
        assert batch.target is not None
        assert (batch.inputs == plain.inputs).all()
        names = [(key, view, draw) for key in plain.example_ids]
        expected = labels.distributions(names, 4.0).dense()
        probabilities = torch.zeros(60, 3).scatter(1, batch.target.ids, batch.target.at(4.0).exp())
        np.testing.assert_allclose(probabilities.numpy(), expected, atol=1e-6)
        dense.append(expected)
    assert (dense[0] != dense[1]).any()
    assert (dense[1] != dense[2]).any()
    for epoch in range(4):
        (batch,) = batches_of(loader(dataset, 60, seed=0), epoch)
        order = torch.from_numpy(np.random.default_rng([0, epoch]).permutation(60))
        assert batch.target is not None
        assert (batch.target.at(4.0) == dataset.targets[epoch % 3].rows(order).at(4.0)).all()


def test_views_and_draws_multiply(made: ImageExamples, tmp_path: Path) -> None:
    kind = FixedThreshold(k=2, temperature=4.0)
    labels = labels_of(made, tmp_path, kind, views=Views(count=2, shift=1, seed=0), draws=2)
    dataset = with_targets(train(made), labels, [4.0])
    assert dataset.variants == [(1, 0), (1, 1), (2, 0), (2, 1)]
    first, second, third = (all_of(dataset, variant).inputs for variant in (0, 1, 2))
    assert (first == second).all()
    assert (first != third).any()


def test_truncated_targets_hold_k_entries_and_their_own_log_p(
    made: ImageExamples, tmp_path: Path
) -> None:
    labels = labels_of(made, tmp_path, TopK(k=2, temperatures=(1.0, 4.0)))
    dataset = with_targets(train(made), labels, [4.0])
    (target,) = dataset.some_targets()
    assert target.ids.shape == (60, 2)
    assert (target.at(4.0).exp().sum(dim=1) < 1).all()
    with pytest.raises(SoftLabelError, match="temperature 2 was not captured"):
        with_targets(train(made), labels, [2.0])


def test_targets_at_two_temperatures_share_their_ids(made: ImageExamples, tmp_path: Path) -> None:
    labels = labels_of(made, tmp_path, TopK(k=2, temperatures=(1.0, 4.0)))
    both, hot, cold = (
        with_targets(train(made), labels, at).some_targets()[0] for at in ([4, 1], [4], [1])
    )
    assert (both.ids == hot.ids).all()
    assert (both.at(4) == hot.at(4)).all()
    place = both.ids.argsort(dim=1), cold.ids.argsort(dim=1)
    assert (both.at(1).gather(1, place[0]) == cold.at(1).gather(1, place[1])).all()


def test_hard_labels_alone_read_no_soft_ones(made: ImageExamples, tmp_path: Path) -> None:
    rows = with_targets(train(made), labels_of(made, tmp_path), [])
    assert rows.targets == []
    assert all_of(rows, 0).target is None


def test_augmentation_without_a_teacher_shifts_every_image_again_in_each_epoch(
    made: ImageExamples,
) -> None:
    plain = train(made)
    dataset = with_views(plain, Views(count=4, shift=2, seed=9))
    seen = [all_of(dataset, epoch).inputs.numpy() for epoch in range(4)]
    expected = Views(count=4, shift=2, seed=9)
    for epoch, images in enumerate(seen):
        assert (images == expected.apply(plain.inputs.numpy(), plain.example_ids, epoch + 1)).all()
    assert len({images.tobytes() for images in seen}) == 4


def test_a_part_has_every_nth_row_of_its_batch_and_the_counts_of_the_whole() -> None:
    mixed = replace(numbered_rows(7), labels=torch.tensor([0, -1, 2, -1, 4, 5, 6]))
    batch = np.array([6, 1, 3, 5, 0, 2, 4])
    parts = [mixed[MicroBatch(batch=batch, number=number, count=3, epoch=0)] for number in range(3)]
    assert [part.labels.tolist() for part in parts] == [
        [6, 5, 4],
        [-1, 0],
        [-1, 2],
    ]
    assert [part.inputs.flatten().tolist() for part in parts] == [
        [6, 5, 4],
        [1, 0],
        [3, 2],
    ]
    assert {(part.counts.rows, part.counts.labelled, part.micro_batches) for part in parts} == {
        (7, 5, 3)
    }
