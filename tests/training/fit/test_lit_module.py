"""The Lightning module: the epoch whose weights are kept, early stopping, seeds and records."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from support.examples.image_examples import Shape
from support.models.small_language_models import packs, small_model
from support.training.jobs import fitted

from stillroom.errors import ModelError, StillroomError
from stillroom.models.architecture_registry import build
from stillroom.objectives.mixture import BatchCounts, hard_labels
from stillroom.training.data.batch_loader import Batch
from stillroom.training.fit.lit_module import LitModule

CURVE = [(0.9, 0.6), (0.3, 0.5), (0.5, 0.8), (0.4, 0.7)]


def module(dropout: float = 0.0, **how: Any) -> LitModule:
    model = build("mlp", {"hidden": [4], "dropout": dropout}, Shape((3,), ("a", "b")), seed=0)
    subject = LitModule(
        name="m", model=model, loss=hard_labels(), optimisation=fitted(lr=0.1, **how), seed=0
    )
    subject._trainer = SimpleNamespace(  # type: ignore[assignment]
        world_size=1,
        current_epoch=0,
        global_rank=0,
        should_stop=False,
        datamodule=SimpleNamespace(micro_batches=SimpleNamespace(batches=2)),
    )
    return subject


def at_epoch(subject: LitModule, epoch: int, nll: float, accuracy: float) -> None:
    subject.trainer.current_epoch = epoch
    subject._train = torch.tensor(1.0)
    subject._validation = torch.tensor([10 * nll, 10 * accuracy, 10.0], dtype=torch.float64)
    subject.on_train_epoch_end()


@pytest.mark.parametrize(
    ("keep", "best"),
    [
        ("nll", [True, True, False, False]),
        ("accuracy", [True, False, True, False]),
        ("last", [True] * 4),
    ],
)
def test_the_epoch_to_keep_is_the_best_by_what_was_chosen(keep: str, best: list[bool]) -> None:
    subject = module(keep=keep)
    kept = []
    for epoch, (nll, accuracy) in enumerate(CURVE):
        at_epoch(subject, epoch, nll, accuracy)
        kept.append(subject.best.is_best)
    assert kept == best
    assert [record["validation_nll"] for record in subject.records] == [0.9, 0.3, 0.5, 0.4]
    assert [record["validation_accuracy"] for record in subject.records] == [0.6, 0.5, 0.8, 0.7]
    assert [record["epoch"] for record in subject.records] == [1, 2, 3, 4]
    assert {record["train_loss"] for record in subject.records} == {0.5}


@pytest.mark.parametrize("keep", ["nll", "last"])
@pytest.mark.parametrize(("patience", "stops"), [(None, 4), (1, 2), (2, 3)])
def test_patience_ends_training_after_so_many_epochs_without_a_better_one(
    patience: int | None, stops: int, keep: str
) -> None:
    subject = module(patience=patience, keep=keep)
    for epoch, (nll, accuracy) in enumerate(CURVE):
        if not subject.trainer.should_stop:
            at_epoch(subject, epoch, nll, accuracy)
    assert len(subject.records) == min(stops + (patience is not None), 4)


def test_one_that_stopped_early_stays_stopped_when_it_is_resumed() -> None:
    first, second = module(patience=1), module(patience=1)
    for epoch, (nll, accuracy) in enumerate(CURVE[:3]):
        at_epoch(first, epoch, nll, accuracy)
    state: dict[str, Any] = {}
    first.on_save_checkpoint(state)
    second.on_load_checkpoint(state)
    second.on_train_start()
    assert first.trainer.should_stop
    assert second.trainer.should_stop
    assert second.records == first.records
    at_epoch(second, 3, 0.35, 0.7)
    assert not second.best.is_best  # 0.3 was better, in another process


@pytest.mark.parametrize("nll", [math.nan, math.inf])
def test_a_model_that_diverges_is_named_with_its_learning_rate(nll: float) -> None:
    with pytest.raises(StillroomError, match=r"m diverged in epoch 2.*lr, now 0\.1"):
        at_epoch(module(), 1, nll, 0.0)


def batch(rows: int = 4, parts: int = 1) -> Batch:
    inputs = torch.randn((rows, 3), generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([0, 1, -1, 1])[:rows]
    return Batch(
        inputs=inputs, labels=labels, target=None, counts=BatchCounts(4, 3, 4), micro_batches=parts
    )


def test_the_loss_of_a_part_is_scaled_so_that_the_mean_over_parts_is_the_batchs() -> None:
    subject = module()
    whole = subject.training_step(batch(), 0)
    inputs, labels = batch().inputs, batch().labels
    halves = [
        subject.training_step(
            Batch(
                inputs=inputs[at::2],
                labels=labels[at::2],
                target=None,
                counts=BatchCounts(4, 3, 4),
                micro_batches=2,
            ),
            0,
        )
        for at in (0, 1)
    ]
    assert sum(halves).item() / 2 == pytest.approx(whole.item(), rel=1e-6)
    assert subject._train.item() == pytest.approx(2 * whole.item(), rel=1e-6)


def test_dropout_is_a_function_of_seed_epoch_and_step() -> None:
    subject = module(dropout=0.5)

    def loss(epoch: int, step: int, rank: int = 0) -> float:
        subject.trainer.current_epoch, subject.trainer.global_rank = epoch, rank
        subject.on_train_batch_start(batch(), step)
        return subject.training_step(batch(), step).item()

    first = loss(2, 7)
    assert len({first, loss(2, 8), loss(3, 7), loss(2, 7, rank=1)}) == 4
    assert loss(2, 7) == first


def test_validation_adds_up_nll_hits_and_labelled_rows() -> None:
    subject = module().eval()
    logits = subject.logits(batch().inputs)
    subject.validation_step(batch(), 0)
    subject.validation_step(batch(2), 1)
    log_p = logits.double().log_softmax(dim=1)
    nll = -(log_p[0, 0] + log_p[1, 1] + log_p[3, 1]) - (log_p[0, 0] + log_p[1, 1])
    right = [int(logits[n].argmax() == label) for n, label in ((0, 0), (1, 1), (3, 1))]
    expected = [nll.item(), float(2 * sum(right[:2]) + right[2]), 5.0]
    assert subject._validation.tolist() == pytest.approx(expected)


def test_a_student_that_needs_one_piece_a_row_is_not_sharded() -> None:
    subject = module()
    subject.model, subject._is_sharded = small_model("mamba"), True
    inputs = torch.from_numpy(packs([5, 9], [20]))
    tokens = SimpleNamespace(inputs=inputs, target=None, features=None, is_tokens=True)
    with pytest.raises(ModelError, match=r"Set trainer\.strategy=ddp, or data\.corpus\.cross"):
        subject._loss(tokens)  # type: ignore[arg-type]


def test_a_micro_batch_of_tokens_without_rows_adds_nothing() -> None:
    subject = module()
    empty = Batch(
        inputs=torch.zeros(0, 3, 8, dtype=torch.int32),
        labels=torch.zeros(0, dtype=torch.int64),
        target=None,
        counts=BatchCounts(4, 4, 4),
        micro_batches=3,
    )
    loss = subject.training_step(empty, 0)
    loss.backward()
    assert loss.item() == 0
    assert all(one.grad is None for one in subject.parameters())
    subject.trainer.world_size = 2  # then the gradients of all processes are summed
    subject.training_step(empty, 0).backward()
    assert all(one.grad is not None and not one.grad.any() for one in subject.parameters())
