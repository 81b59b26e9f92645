"""The data module: the training order, and a validation over every row."""

from types import SimpleNamespace

import torch
from support.examples.text_examples import ENCODER, frame
from support.training.jobs import fitted, numbered_rows

from stillroom.objectives.mixture import BatchCounts
from stillroom.training.data.batch_loader import Batch
from stillroom.training.data.data_module import DataModule


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
