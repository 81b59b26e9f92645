"""Token loss: the fused loss equals the plain one, and micro-batches add up to the batch."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.examples.corpus_examples import (
    GPT2,
    CorpusOnDisk,
    small_corpus,
    token_labels,
    token_teachers,
)
from support.objectives.objective_config import objective
from support.training.jobs import a_fit, a_trainer, fitted, train_here
from torch.nn.functional import cross_entropy, kl_div

from stillroom.config.schema import Architecture
from stillroom.models.architecture_registry import build
from stillroom.models.forward.lm_head import label_logits, label_logits_only, label_mask
from stillroom.models.pretrained.model_directory import load_model, save_model
from stillroom.objectives.mixture import BatchCounts, Mixture, hard_labels
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.training.build_loss import build_mixture
from stillroom.training.data.batch_loader import Batch, concatenated
from stillroom.training.data.memory_dataset import (
    MemoryDataset,
    read_split,
    with_targets,
)
from stillroom.training.data.sampler import MicroBatch
from stillroom.training.fit.live_teacher import LiveTeacher
from stillroom.training.fit.token_loss import token_loss, token_scores
from stillroom.training.job import Job, LiveConfig

TOKENS = objective({"forward_kl": 1.0}, temperature=1.0, hard_weight=0.25)
Made = tuple[CorpusOnDisk, SoftLabelSet, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("tokens")
    corpus = small_corpus(folder)
    teachers = token_teachers(corpus, folder / "t")
    return corpus, token_labels(corpus, teachers, folder / "s", ThresholdRequest(8, 1.0)), teachers


def rows_of(made: Made) -> MemoryDataset:
    corpus, labels, _ = made
    return with_targets(read_split(corpus.examples, corpus.fitted, "train"), labels, [1.0])


def student(made: Made) -> Any:
    return build("transformer", GPT2, made[0].shape, seed=7).eval()


def whole(rows: MemoryDataset, size: int = 12) -> Batch:
    return rows[MicroBatch(batch=np.arange(size) * 2 % len(rows), number=0, count=1, epoch=0)]


def test_a_batch_holds_the_teachers_answer_at_each_labelled_position(made: Made) -> None:
    _, labels, teachers = made
    rows = rows_of(made)
    assert rows.is_tokens
    batch = whole(rows)
    assert batch.target is not None
    assert len(batch.labels) == len(batch.target.ids) == int(label_mask(batch.inputs).sum())
    assert batch.counts == BatchCounts(len(batch.labels), len(batch.labels), 12)
    with torch.no_grad():
        p = label_logits(load_model(teachers / "member_0"), batch.inputs).softmax(dim=1)
    held = batch.target.log_p[1.0].exp()
    tau = labels.manifest.captures[0].sparsifier.tau  # type: ignore[union-attr]
    heads = held > tau * 1.01
    of_teacher = p.gather(1, batch.target.ids)
    torch.testing.assert_close(held[heads], of_teacher[heads], rtol=0, atol=5e-3)
    # Right on average, for any samples of a position.
    assert float(held.sum(dim=1).mean()) == pytest.approx(1, abs=0.02)


def test_the_fused_loss_is_the_loss_on_logits_and_its_gradient_too(made: Made) -> None:
    batch, loss = whole(rows_of(made)), build_mixture(TOKENS, is_unbiased=True)
    results = {}
    for is_linear in (True, False):
        model = student(made)
        value = token_loss(model, batch, batch.target, loss, is_linear=is_linear)
        value.backward()
        results[is_linear] = value.detach(), [one.grad.clone() for one in model.parameters()]
    torch.testing.assert_close(results[True][0], results[False][0])
    for fused, dense in zip(results[True][1], results[False][1], strict=True):
        torch.testing.assert_close(fused, dense, rtol=1e-4, atol=1e-6)


def test_hard_labels_are_the_next_tokens(made: Made) -> None:
    batch, model = whole(rows_of(made)), student(made)
    with torch.no_grad():
        logits = label_logits(model, batch.inputs)
        expected = cross_entropy(logits, batch.labels)
        for is_linear in (True, False):
            value = token_loss(model, batch, None, hard_labels(), is_linear=is_linear)
            torch.testing.assert_close(value, expected)
            scores = token_scores(model, batch, is_linear)
            right = int((logits.argmax(1) == batch.labels).sum())
            assert scores[0].item() == pytest.approx(expected.item() * len(batch.labels), rel=1e-5)
            assert scores[1:].tolist() == [right, len(batch.labels)]
    smooth = token_loss(model, batch, None, hard_labels(0.1), is_linear=True)
    torch.testing.assert_close(smooth, cross_entropy(logits, batch.labels, label_smoothing=0.1))


def test_parts_of_a_batch_add_up_to_it(made: Made) -> None:
    rows, model = rows_of(made), student(made)
    loss = build_mixture(TOKENS, is_unbiased=True)
    batch = np.arange(11)
    of_one = rows[MicroBatch(batch=batch, number=0, count=1, epoch=0)]
    parts = [rows[MicroBatch(batch=batch, number=number, count=3, epoch=0)] for number in range(3)]
    assert sum(len(part.inputs) for part in parts) == 11
    with torch.no_grad():
        expected = token_loss(model, of_one, of_one.target, loss, is_linear=True)
        total = sum(token_loss(model, part, part.target, loss, is_linear=True) for part in parts)
    torch.testing.assert_close(total, expected)


def test_some_rows_of_a_batch_are_that_batch_of_those_rows(made: Made) -> None:
    rows = rows_of(made)
    batch = rows[MicroBatch(batch=np.arange(6), number=0, count=1, epoch=0)]
    kept = np.array([True, False, True, False, False, True])
    some, other = batch.rows(kept), batch.rows(~kept)
    assert torch.equal(some.inputs, batch.inputs[torch.from_numpy(kept)])
    again = concatenated([some, other], batch.counts, 1)
    order = torch.tensor([0, 2, 5, 1, 3, 4])
    assert torch.equal(again.inputs, batch.inputs[order])
    assert torch.equal(
        again.labels, rows[MicroBatch(batch=order.numpy(), number=0, count=1, epoch=0)].labels
    )


def test_live_teachers_give_the_whole_answer_at_each_labelled_position(made: Made) -> None:
    corpus, _, teachers = made
    folder = str(teachers / "member_0")
    live = LiveConfig(teachers=[folder], shares=[1.0], mean="probability", combine="read")
    batch, model = whole(rows_of(made)), student(made)
    asked_live = LiveTeacher.of(live, corpus.fitted, label_logits_only)
    target, features = asked_live.answer(batch.inputs, [1.0])
    assert features is None
    with torch.no_grad():
        log_p = label_logits(load_model(teachers / "member_0"), batch.inputs).log_softmax(dim=1)
        torch.testing.assert_close(target.log_p[1.0], log_p)
        pure = build_mixture(replace(TOKENS, hard_weight=0.0), is_unbiased=False)
        value = token_loss(model, batch, target, pure, is_linear=True)
        expected = kl_div(
            label_logits(model, batch.inputs).log_softmax(dim=1),
            log_p,
            log_target=True,
            reduction="batchmean",
        )
    torch.testing.assert_close(value, expected)
    assert len(asked_live.answer(batch.inputs, [])[0].ids) == len(batch.labels)


def test_a_live_teacher_of_a_padded_vocabulary_is_cut_to_the_tokens(
    made: Made, tmp_path: Path
) -> None:
    corpus, _, teachers = made
    model = load_model(teachers / "member_0")
    model.resize_token_embeddings(corpus.fitted.outputs + 13)
    save_model(model, corpus.fitted, tmp_path)
    live = LiveConfig(teachers=[str(tmp_path)], shares=[1.0], mean="probability", combine="read")
    inputs = whole(rows_of(made)).inputs
    target, _ = LiveTeacher.of(live, corpus.fitted, label_logits_only).answer(inputs, [1.0])
    with torch.no_grad():
        expected = label_logits(model, inputs)[:, : corpus.fitted.outputs].log_softmax(dim=1)
    torch.testing.assert_close(target.log_p[1.0], expected)


def test_draws_of_a_row_come_in_turn(made: Made, tmp_path: Path) -> None:
    corpus, _, teachers = made
    labels = token_labels(corpus, teachers, tmp_path / "s", ThresholdRequest(8, 1.0), draws=2)
    rows = with_targets(read_split(corpus.examples, corpus.fitted, "train"), labels, [1.0])
    first, second, third = (
        rows[MicroBatch(batch=np.arange(4), number=0, count=1, epoch=epoch)].target
        for epoch in range(3)
    )
    assert first is not None
    assert second is not None
    assert third is not None
    assert torch.equal(first.ids, third.ids)
    assert first.ids.shape != second.ids.shape or not torch.equal(first.ids, second.ids)


@pytest.mark.parametrize("memory_gb", [1.0, 1e-6], ids=["in memory", "in blocks"])
def test_a_student_learns_what_its_teacher_says(
    made: Made, tmp_path: Path, memory_gb: float
) -> None:
    corpus, labels, _ = made
    how = {"architecture": Architecture(name="transformer", options=GPT2),
           "optimisation": fitted(epochs=3, batch_size=8)}  # fmt: skip
    job = Job(
        examples=str(corpus.examples.path),
        encoder=str(corpus.encoder),
        soft_labels=str(labels.folder),
        folder=str(tmp_path / "unfinished"),
        fits=[a_fit("control", **how), a_fit("student", objective=TOKENS, **how)],
        trainer=a_trainer(memory_gb=memory_gb),
    )
    records = train_here(job, tmp_path / "models")
    control = [one["validation_nll"] for one in records if one["model"] == "control"]
    assert control[-1] < control[0] < np.log(300)
    distilled = [one["train_loss"] for one in records if one["model"] == "student"]
    assert distilled[-1] < distilled[0]
    model = load_model(tmp_path / "models" / "student")
    assert isinstance(build_mixture(TOKENS, is_unbiased=True), Mixture)
    assert model.config.vocab_size == 300
    assert (tmp_path / "models" / "student" / "tokenizer.json").is_file()


def test_a_last_batch_of_fewer_rows_than_micro_batches_is_learnt_too(
    made: Made, tmp_path: Path
) -> None:
    corpus, labels, _ = made
    rows = len(rows_of(made))
    size = next(size for size in range(3, rows) if rows % size == 1)
    curves = {}
    for accumulate in (1, 3):
        how = fitted(
            epochs=1, batch_size=size, accumulate=accumulate, optimiser="sgd", lr=0.05, momentum=0.0
        )
        architecture = Architecture(name="transformer", options=GPT2)
        fit = a_fit(objective=TOKENS, architecture=architecture, optimisation=how)
        job = Job(
            examples=str(corpus.examples.path),
            encoder=str(corpus.encoder),
            soft_labels=str(labels.folder),
            folder=str(tmp_path / f"unfinished_{accumulate}"),
            fits=[fit],
            trainer=a_trainer(),
        )
        (curves[accumulate],) = train_here(job, tmp_path / f"models_{accumulate}")
    for name in ("train_loss", "validation_nll"):
        assert curves[3][name] == pytest.approx(curves[1][name], abs=1e-4)
