"""Token loss with masks: masks by key and epoch, replayed or new, and the triple loss."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.examples.corpus_examples import (
    BERT,
    CorpusOnDisk,
    capture_jobs,
    masked_corpus,
    token_labels,
    token_teachers,
)
from support.objectives.objective_config import objective
from support.training.jobs import a_fit, a_trainer, fitted
from torch.nn.functional import cosine_similarity, cross_entropy, kl_div

from stillroom.config.schema import Architecture
from stillroom.data.text.token_layout import LABELS, TOKENS
from stillroom.errors import SoftLabelError
from stillroom.io.json.json_files import read_json
from stillroom.models.architecture_registry import build
from stillroom.models.forward.lm_head import label_logits, label_logits_and_features
from stillroom.models.pretrained.model_directory import load_model
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.verify.verify import verify
from stillroom.training.build_loss import build_mixture
from stillroom.training.data.batch_loader import Batch
from stillroom.training.data.block_reader import dataset_for
from stillroom.training.data.memory_dataset import MemoryDataset, read_split, with_captured_views
from stillroom.training.data.sampler import MicroBatch
from stillroom.training.fit.live_teacher import LiveTeacher
from stillroom.training.fit.token_loss import FeatureComparison, token_loss
from stillroom.training.job import Fit, Job, LiveConfig
from stillroom.training.process.worker import run
from stillroom.training.resume_state import CURVES
from stillroom.training.signals import StopRequest

SOFT = objective({"forward_kl": 1.0}, temperature=2.0, hard_weight=0.25)
TRIPLE = replace(
    objective({"forward_kl": 5 / 6, "hidden_cosine": 1 / 6}, temperature=2.0, hard_weight=0.25),
    positions="each",
)
VIEWS = 3
Made = tuple[CorpusOnDisk, SoftLabelSet, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("masked")
    corpus = masked_corpus(folder)
    teachers = token_teachers(corpus, folder / "t")
    return corpus, token_labels(corpus, teachers, folder / "s", Full(), views=VIEWS), teachers


def train(made: Made) -> MemoryDataset:
    return read_split(made[0].examples, made[0].fitted, "train")


def epoch(rows: MemoryDataset, number: int, at: list[int] | None = None) -> Batch:
    return rows[
        MicroBatch(
            batch=np.arange(len(rows)) if at is None else np.array(at),
            number=0,
            count=1,
            epoch=number,
        )
    ]


def test_soft_labels_lie_where_tokens_are_hidden_in_each_view(made: Made) -> None:
    rows = dataset_for(a_fit(objective=SOFT), train(made), made[1])
    assert rows.variants == [(1, 0), (2, 0), (3, 0)]
    model = load_model(made[2] / "member_0")
    for number in range(2 * VIEWS):
        batch = epoch(rows, number, [0, 3, 5, 6])
        assert batch.target is not None
        with torch.no_grad():
            log_p = (label_logits(model, batch.inputs) / 2).log_softmax(dim=1)
        expected = log_p.gather(1, batch.target.ids)
        torch.testing.assert_close(batch.target.log_p[2.0], expected, rtol=1e-4, atol=1e-5)
    assert not torch.equal(epoch(rows, 0).inputs, epoch(rows, 1).inputs)
    assert torch.equal(epoch(rows, 1).inputs, epoch(rows, 1 + VIEWS).inputs)


def test_the_control_sees_what_the_student_sees_and_alone_other_masks_in_each_epoch(
    made: Made,
) -> None:
    plain = train(made)
    student, control = (
        dataset_for(fit, plain, made[1]) for fit in (a_fit(objective=SOFT), a_fit())
    )
    assert torch.equal(epoch(student, 1).inputs, epoch(control, 1).inputs)
    live = [
        dataset_for(a_fit(mode="live", objective=one, epochs=5), plain, made[1])
        for one in (TRIPLE, None)
    ]
    alone = dataset_for(a_fit(epochs=5), plain, None)
    for rows in (*live, alone):
        assert rows.variants == [(view, 0) for view in range(1, 6)]
        assert torch.equal(epoch(rows, 4).inputs, epoch(alone, 4).inputs)
    assert len({epoch(alone, number).inputs.numpy().tobytes() for number in range(5)}) == 5


def test_a_row_is_hidden_alike_in_any_batch_and_part_of_one(made: Made) -> None:
    rows = dataset_for(a_fit(epochs=4), train(made), None)
    whole = epoch(rows, 2)
    some = epoch(rows, 2, [7, 2, 4])
    assert torch.equal(some.inputs, whole.inputs[[7, 2, 4]])
    parts = [
        rows[MicroBatch(batch=np.array([7, 2, 4, 9]), number=number, count=2, epoch=2)]
        for number in range(2)
    ]
    assert torch.equal(torch.cat([one.inputs for one in parts]), whole.inputs[[7, 4, 2, 9]])
    assert parts[0].counts == parts[1].counts
    assert parts[0].counts.rows == sum(len(one.labels) for one in parts)
    assert parts[0].counts.inputs == 4


def test_labels_of_other_masks_are_refused(made: Made) -> None:
    corpus, labels, _ = made
    other = replace(corpus.fitted, mask_share=0.3)
    rows = read_split(corpus.examples, other, "train")
    with pytest.raises(SoftLabelError, match=r"'mask-1 share=0\.15 seed=0', but the examples"):
        with_captured_views(rows, labels)


def test_validation_is_hidden_alike_in_every_epoch(made: Made) -> None:
    rows = read_split(made[0].examples, made[0].fitted, "validation")
    first = epoch(rows, 0)
    assert torch.equal(first.inputs, epoch(rows, 3).inputs)
    assert torch.equal(first.inputs, rows.inputs)
    tokens = first.inputs[:, TOKENS]
    assert (tokens[first.inputs[:, LABELS] >= 0] == 4).float().mean() > 0.6


def test_the_triple_loss_by_its_formula(made: Made) -> None:
    corpus, _, teachers = made
    folder = str(teachers / "member_0")
    live = LiveConfig(teachers=[folder], shares=[1.0], mean="probability", combine="read")
    live_teachers = LiveTeacher.of(live, corpus.fitted, label_logits_and_features)
    assert live_teachers.width(corpus.fitted.shape) == BERT["hidden_size"]
    rows = dataset_for(a_fit(mode="live", objective=TRIPLE), train(made), None)
    model = build("transformer", BERT, corpus.shape, seed=7).eval()
    loss = build_mixture(TRIPLE, is_unbiased=False)
    batch = epoch(rows, 1, [0, 4, 8, 9])
    target, theirs = live_teachers.answer(batch.inputs, loss.temperatures)
    assert theirs is not None
    compared = FeatureComparison(theirs, torch.nn.Identity())
    value = token_loss(model, batch, target, loss, is_linear=True, comparison=compared)

    teacher = load_model(teachers / "member_0")
    with torch.no_grad():
        z, ours = label_logits_and_features(model, batch.inputs)
        p = (label_logits(teacher, batch.inputs) / 2).log_softmax(dim=1)
        soft = 4 * kl_div((z / 2).log_softmax(1), p, log_target=True, reduction="batchmean")
        hard = cross_entropy(z, batch.labels)
        assert ours is not None
        cosines = []
        for row in range(4):  # over the tokens of each row, without the padding
            length = int((batch.inputs[row, TOKENS] >= 0).sum())
            both = ours.last[row, :length], theirs.last[row, :length]
            cosines.append((1 - cosine_similarity(*both, dim=1)).mean())
        apart = torch.stack(cosines).mean()
    # As shares of 5 + 2 + 1.
    torch.testing.assert_close(value, (5 * soft + 2 * hard + 1 * apart) / 8)
    part = [
        rows[MicroBatch(batch=np.array([0, 4, 8, 9]), number=number, count=2, epoch=1)]
        for number in range(2)
    ]
    halves = []
    for one in part:
        of_part, states = live_teachers.answer(one.inputs, loss.temperatures)
        assert states is not None
        compared = FeatureComparison(states, torch.nn.Identity())
        halves.append(token_loss(model, one, of_part, loss, is_linear=True, comparison=compared))
    torch.testing.assert_close(halves[0] + halves[1], value)


def a_masked_fit(**changes: object) -> Fit:
    how = {"architecture": Architecture(name="transformer", options=BERT),
           "optimisation": fitted(epochs=3, batch_size=8)}  # fmt: skip
    return a_fit(**(how | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("memory_gb", [1.0, 1e-6], ids=["in memory", "in blocks"])
def test_a_student_learns_from_a_cache_and_from_a_live_teacher(
    made: Made, tmp_path: Path, memory_gb: float
) -> None:
    corpus, labels, teachers = made
    folder = str(teachers / "member_0")
    job = Job(
        examples=str(corpus.examples.path),
        encoder=str(corpus.encoder),
        soft_labels=str(labels.folder),
        folder=str(tmp_path / "unfinished"),
        fits=[
            a_masked_fit(name="control", output="control"),
            a_masked_fit(objective=SOFT),
            a_masked_fit(name="live", output="live", objective=TRIPLE, mode="live"),
        ],
        trainer=a_trainer(memory_gb=memory_gb),
        live=LiveConfig(teachers=[folder], shares=[1.0], mean="probability", combine="read"),
    )
    Path(job.folder).mkdir()
    run(job, StopRequest())
    records = read_json(Path(job.folder) / CURVES)
    assert isinstance(records, list)
    for name in ("control", "student", "live"):
        losses = [one["train_loss"] for one in records if one["model"] == name]
        assert losses[-1] < losses[0], name


def test_each_soft_label_is_held_to_the_places_that_were_hidden(made: Made) -> None:
    corpus, labels, teachers = made
    (one,) = capture_jobs(corpus, teachers, views=VIEWS)
    member = one.teacher.keeping(Full())
    # This check comes last: everything else is right, but this teacher is untrained.
    with pytest.raises(SoftLabelError, match="member 0 agrees with"):
        verify(labels, [member], [one.inputs], lambda rows: None)
    other = replace(corpus.fitted, mask_seed=1).masks(VIEWS)
    moved = replace(one.inputs, views=other)  # type: ignore[type-var]
    with pytest.raises(SoftLabelError, match="different input, view or draw"):
        verify(labels, [member], [moved], lambda rows: None)
