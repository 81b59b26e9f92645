"""Batches: joined by key, in an order that seed and epoch alone decide."""

from pathlib import Path

import polars as pl
import pytest
import torch
from small_project import small, soft_labels, untrained_teachers

from stillroom.data.encoders import Encoder
from stillroom.errors import DataError, SoftLabelError
from stillroom.io.tables import write_table
from stillroom.training.batches import Batch, EpochOrder, in_order, labelled, loader, read_split


def rows(count: int) -> Batch:
    return Batch(torch.arange(float(count)).view(-1, 1), torch.arange(count), None)


def seen(batches: torch.utils.data.DataLoader, epoch: int) -> list[int]:
    batches.sampler.set_epoch(epoch)
    return torch.cat([batch.labels for batch in batches]).tolist()


def test_an_epoch_sees_each_row_once_and_the_next_another_order() -> None:
    batches = loader(rows(20), 6, seed=3)
    first, second = seen(batches, 0), seen(batches, 1)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert seen(batches, 0) == first


def test_the_order_is_a_function_of_the_seed() -> None:
    assert list(EpochOrder(50, 1)) == list(EpochOrder(50, 1)) != list(EpochOrder(50, 2))


def test_a_last_batch_of_one_is_dropped_and_a_longer_one_kept() -> None:
    assert [len(batch.labels) for batch in loader(rows(13), 6, 0)] == [6, 6]
    assert [len(batch.labels) for batch in loader(rows(14), 6, 0)] == [6, 6, 2]
    assert [len(batch.labels) for batch in loader(rows(4), 6, 0)] == [4]


def test_validation_drops_nothing() -> None:
    assert torch.cat([batch.labels for batch in in_order(rows(13), 6)]).tolist() == list(range(13))


def test_inputs_labels_and_targets_of_a_row_stay_together(tmp_path: Path) -> None:
    made = small(tmp_path)
    labels = soft_labels(made, untrained_teachers(made, tmp_path / "t"), tmp_path / "s")
    encoder = Encoder.from_json(made.encoder)
    train = read_split(made.examples.path, encoder, "train", labels.folder, 4.0)
    frame = made.examples.read().filter(pl.col("split") == "train")
    expected = labels.probabilities(frame["example_id"].to_list(), 4.0)
    batches = loader(train, 7, seed=1)
    batches.sampler.set_epoch(2)
    for batch in batches:
        for image, label, log_p in zip(batch.inputs, batch.labels, batch.target.log_p, strict=True):
            row = (train.inputs == image).flatten(1).all(dim=1).nonzero().item()
            assert label == frame["label"][row]
            assert log_p.exp().tolist() == pytest.approx(expected[row].tolist(), abs=1e-6)


def test_an_example_without_a_soft_label_is_an_error(tmp_path: Path) -> None:
    made = small(tmp_path)
    labels = soft_labels(made, untrained_teachers(made, tmp_path / "t"), tmp_path / "s")
    foreign = made.examples.read().with_columns(
        pl.col("example_id").bin.encode("hex").str.slice(0, 16).str.encode("hex").str.decode("hex")
    )
    write_table(foreign, made.examples.path)
    with pytest.raises(SoftLabelError, match="60 of 60 examples have no soft label"):
        read_split(made.examples.path, Encoder.from_json(made.encoder), "train", labels.folder, 4.0)


def test_an_empty_split_is_an_error(tmp_path: Path) -> None:
    made = small(tmp_path)
    write_table(made.examples.read().filter(pl.col("split") != "train"), made.examples.path)
    with pytest.raises(DataError, match="no rows in the split train"):
        read_split(made.examples.path, Encoder.from_json(made.encoder), "train", None, 1.0)


def test_labelled_keeps_the_labelled_rows_alone() -> None:
    mixed = Batch(torch.arange(3.0).view(-1, 1), torch.tensor([1, -1, 0]), None)
    assert labelled(mixed).inputs.flatten().tolist() == [0.0, 2.0]
    with pytest.raises(DataError, match="label_fraction"):
        labelled(Batch(torch.zeros(1, 1), torch.tensor([-1]), None))
