"""The data module: the training order, and a validation over every row."""

from dataclasses import replace
from types import SimpleNamespace

import torch
from support.examples.text_examples import ENCODER, frame
from support.training.jobs import fitted, numbered_rows

from stillroom.objectives.mixture import BatchCounts
from stillroom.training.data.batch_loader import Batch
from stillroom.training.data.data_module import DataModule
from stillroom.training.data.memory_dataset import MemoryDataset


def data(rank: int = 0, processes: int = 1) -> DataModule:
    module = DataModule(
        numbered_rows(20),
        numbered_rows(13),
        optimisation=fitted(batch_size=6, accumulate=2),
        seed=3,
        workers=0,
    )
    module.trainer = SimpleNamespace(global_rank=rank, world_size=processes)  # type: ignore[assignment]
    module.setup("fit")
    return module


def test_training_follows_the_order_of_the_seed_in_parts() -> None:
    module = data()
    batches = list(module.train_dataloader())
    _, order = numbered_rows(20).shuffled(3)
    expected = order.epoch(0).tolist()
    assert [batch.labels.tolist() for batch in batches[:2]] == [expected[:6:2], expected[1:6:2]]
    assert len(batches) == len(module.micro_batches) == 8
    assert module.micro_batches.batches == 4
    assert [len(batch.labels) for batch in batches[-2:]] == [2, 0]  # too few for two micro-batches


def test_validation_shows_every_row_once_over_all_processes() -> None:
    seen = [
        label
        for rank in range(3)
        for batch in data(rank, 3).val_dataloader()
        for label in batch.labels.tolist()
    ]
    assert sorted(seen) == list(range(13))
    assert [len(batch.labels) for batch in data().val_dataloader()] == [6, 6, 1]


def test_texts_go_without_what_is_padding_in_all_of_them() -> None:
    inputs = torch.from_numpy(ENCODER.encode(frame("a card", "where is my card?")))
    batch = Batch(
        inputs=inputs,
        labels=torch.tensor([0, 1]),
        target=None,
        counts=BatchCounts(2, 2, 2),
        micro_batches=1,
    )
    longest = int((inputs[:, 0] >= 0).sum(dim=1).max())
    assert data().on_before_batch_transfer(batch, 0).inputs.shape == (2, 3, longest)
    pack = Batch(
        inputs=inputs,
        labels=torch.tensor([]),
        target=None,
        counts=BatchCounts(0, 0, 2),
        micro_batches=1,
        is_tokens=True,
    )
    assert data().on_before_batch_transfer(pack, 0) is pack


def texts(*lengths: int, is_tokens: bool = False) -> MemoryDataset:
    inputs = torch.full((len(lengths), 3, 8), -1, dtype=torch.int32)
    for row, length in zip(inputs, lengths, strict=True):
        row[:, :length] = 1
    plain = numbered_rows(len(lengths))
    return replace(plain, inputs=inputs, is_tokens=is_tokens)


def batches_of(rows: MemoryDataset, budget: int) -> DataModule:
    module = DataModule(
        rows, rows, optimisation=fitted(batch_size=100, batch_tokens=budget), seed=0, workers=0
    )
    module.setup("fit")
    return module


def test_a_budget_of_tokens_cuts_texts_by_their_length() -> None:
    module = batches_of(texts(8, 2, 2, 3, 8, 4, 4, 4), 16)
    widths = [
        module.on_before_batch_transfer(batch, 0).inputs.shape[::2]
        for batch in module.train_dataloader()
    ]
    assert sorted(map(tuple, widths)) == [(2, 2), (2, 8), (4, 4)]


def test_a_budget_of_tokens_cuts_packs_by_rows_since_each_takes_the_full_length() -> None:
    module = batches_of(texts(8, 2, 2, 3, 8, 4, 4, is_tokens=True), 24)
    assert [len(batch.rows) for batch in module.micro_batches] == [3, 3]  # a single row is dropped
    assert [len(batch.rows) for batch in module.val_dataloader().sampler] == [3, 3, 1]


def test_the_loss_of_a_budgets_batch_is_the_mean_over_its_rows() -> None:
    for batch in batches_of(texts(8, 2, 2, 3, 8, 4, 4, 4), 16).train_dataloader():
        assert batch.counts.rows == len(batch.labels)
