"""Features of sequences: a cached vector per piece is the live teacher's, and trains the same."""

from dataclasses import replace
from pathlib import Path

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
from support.training.dataset_factories import epoch_of
from support.training.jobs import a_fit, a_trainer, fitted, train_here

import stillroom.softlabels
from stillroom.config.schema import Architecture
from stillroom.data.text.token_layout import POSITIONS, TOKENS
from stillroom.errors import SoftLabelError
from stillroom.models.forward.lm_head import label_logits_and_features
from stillroom.models.pretrained.model_directory import load_model
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.pooled_features import RowFeatures, half_precision
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.teachers.ensemble import Ensemble
from stillroom.teachers.stored_teachers import open_teacher, teacher_refs
from stillroom.teachers.teacher import CaptureSettings
from stillroom.training.data.batch_loader import concatenated
from stillroom.training.data.dataset_factory import (
    OVERHEAD,
    PER_ENTRY,
    PER_FEATURE,
    DatasetFactory,
)
from stillroom.training.data.memory_dataset import (
    MemoryDataset,
    read_split,
    with_pooled_features,
    with_targets,
)
from stillroom.training.data.sampler import BatchSplit, MicroBatch
from stillroom.training.data.streaming_dataset import StreamingDataset
from stillroom.training.fit.live_teacher import LiveTeacher
from stillroom.training.job import Job, LiveConfig

TERMS = {"forward_kl": 1.0, "hidden_mse": 1.0, "rkd_distance": 1.0}
Made = tuple[CorpusOnDisk, SoftLabelSet, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("pieces")
    corpus = small_corpus(folder, 60)
    teachers = token_teachers(corpus, folder / "t")
    labels = token_labels(corpus, teachers, folder / "s", Full(), features="pooled_pieces")
    return corpus, labels, teachers


def rows_of(made: Made) -> MemoryDataset:
    corpus, labels, _ = made
    rows = with_targets(read_split(corpus.examples, corpus.fitted, "train"), labels, [1.0])
    return with_pooled_features(rows, labels)


def live(made: Made) -> LiveConfig:
    folder = str(made[2] / "member_0")
    return LiveConfig(teachers=[folder], shares=[1.0], mean="probability", combine="read")


def test_each_piece_has_the_mean_of_its_own_tokens(made: Made) -> None:
    _, labels, teachers = made
    rows, model = rows_of(made), load_model(teachers / "member_0")
    kept = rows.features[0]
    assert labels.feature_width == 16
    assert labels.manifest.captures[0].features == "pooled_pieces"
    assert kept.counts.max() > 1
    expected = []
    for row in rows.inputs:
        tokens, positions = row[TOKENS], row[POSITIONS]
        starts = [at for at in range(len(tokens)) if positions[at] == 0 and tokens[at] >= 0]
        ends = [*starts[1:], int((tokens >= 0).sum())]
        for start, end in zip(starts, ends, strict=True):
            with torch.no_grad():  # the piece alone
                out = model(tokens[None, start:end].long(), output_hidden_states=True)
            expected.append(out.hidden_states[-1][0].mean(dim=0).numpy())
    assert sum(kept.counts) == len(expected)
    np.testing.assert_allclose(kept.vectors, np.array(expected), rtol=2e-3, atol=2e-4)
    opened, ids = stillroom.softlabels.open(labels.folder), rows.example_ids
    assert opened.pieces(ids).tolist() == kept.counts.tolist()
    assert (opened.features(ids) == kept.vectors.astype(np.float32)).all()
    table = next(iter(labels.tables(0)))[1]
    assert [len(one) for one in table["features"].to_pylist()] == [
        16 * pieces for pieces in table["pieces"].to_pylist()
    ]


def test_a_live_teachers_features_are_the_cached_ones(made: Made) -> None:
    rows = rows_of(made)
    batch = rows[MicroBatch(batch=np.arange(9), number=0, count=1, epoch=0)]
    teacher = LiveTeacher.of(live(made), made[0].fitted, label_logits_and_features)
    _, features = teacher.answer(batch.inputs, [1.0])
    assert features is not None
    assert batch.features is not None
    torch.testing.assert_close(batch.features, features.pooled, rtol=1e-3, atol=1e-4)
    kept = np.arange(9) % 3 == 0
    some, others = batch.rows(kept), batch.rows(~kept)
    again = concatenated([some, others], batch.counts, 1)
    order = np.concatenate([np.flatnonzero(kept), np.flatnonzero(~kept)])
    moved = rows[MicroBatch(batch=order, number=0, count=1, epoch=0)]
    assert again.features is not None
    assert moved.features is not None
    assert torch.equal(again.features, moved.features)


def test_rows_on_disk_have_the_features_of_their_own_pieces(made: Made) -> None:
    corpus, labels, _ = made
    fit = a_fit(objective=objective(TERMS, temperature=1.0))
    rows = DatasetFactory(
        examples=corpus.examples, encoder=corpus.fitted, labels=labels, memory=1.0
    ).dataset_of(fit)
    assert isinstance(rows, StreamingDataset)
    teacher = LiveTeacher.of(live(made), corpus.fitted, label_logits_and_features)
    for batch in epoch_of(rows, 0, BatchSplit(accumulate=2)):
        if not len(batch.inputs):
            continue
        _, features = teacher.answer(batch.inputs, [1.0])
        assert features is not None
        assert batch.features is not None
        torch.testing.assert_close(batch.features, features.pooled, rtol=1e-3, atol=1e-4)


def test_each_piece_counts_in_the_memory_that_rows_need(made: Made) -> None:
    corpus, labels, _ = made
    factory = DatasetFactory(
        examples=corpus.examples, encoder=corpus.fitted, labels=labels, memory=1.0
    )
    pieces = sum(int(one.counts.sum()) for one in [labels.features(labels.names())])
    bare = replace(factory, labels=None).needed
    entries = OVERHEAD + PER_ENTRY * corpus.fitted.outputs * corpus.fitted.max_labels
    rest = labels.manifest.members[0].rows * entries
    assert factory.needed - bare - rest == pytest.approx(PER_FEATURE * 16 * pieces)


def test_a_student_of_the_cache_is_that_of_a_live_teacher(made: Made, tmp_path: Path) -> None:
    corpus, labels, _ = made
    how = {
        "architecture": Architecture(name="transformer", options=GPT2 | {"n_embd": 8}),
        "optimisation": fitted(epochs=2, batch_size=8, optimiser="sgd", lr=0.05),
    }
    curves = {}
    for mode in ("cached", "live"):
        wanted = objective(TERMS, temperature=1.0)
        job = Job(
            examples=str(corpus.examples.path),
            encoder=str(corpus.encoder),
            soft_labels=str(labels.folder),
            folder=str(tmp_path / mode),
            fits=[a_fit(objective=wanted, mode=mode, **how)],
            trainer=a_trainer(),
            live=live(made),
        )
        curves[mode] = train_here(job, tmp_path / f"{mode}_models")
    for cached, of_live in zip(curves["cached"], curves["live"], strict=True):
        for name in ("train_loss", "validation_nll"):
            assert cached[name] == pytest.approx(of_live[name], abs=2e-4)


def test_several_teachers_stand_side_by_side_piece_by_piece(made: Made, tmp_path: Path) -> None:
    corpus = made[0]
    folder = token_teachers(corpus, tmp_path / "t", members=2)
    how = CaptureSettings("none", seed=0, batch_size=4, features="pooled_pieces")
    teachers = tuple(open_teacher(ref, how, corpus.fitted) for ref in teacher_refs(folder))
    inputs = read_split(corpus.examples, corpus.fitted, "train").inputs.numpy()[:7]
    together = Ensemble(teachers, Combination.of("probability", [1.0, 1.0])).keeping(Full())
    ours = RowFeatures.stacked([half_precision(one) for one in together.answer(inputs)])
    theirs = [
        RowFeatures.stacked([half_precision(one) for one in teacher.answer_with_features(inputs)])
        for teacher in teachers
    ]
    assert ours.counts.tolist() == theirs[1].counts.tolist()
    assert ours.vectors.shape == (ours.counts.sum(), 32)
    assert (ours.vectors[:, :16] == theirs[0].vectors).all()
    assert (ours.vectors[:, 16:] == theirs[1].vectors).all()


def test_features_of_other_pieces_are_refused(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def one_piece_fewer(names: list[object]) -> RowFeatures:
        counts = np.ones(len(names), dtype=np.int64)
        return RowFeatures(np.zeros((len(names), 16), np.float16), counts)

    monkeypatch.setattr(made[1], "features", one_piece_fewer)
    with pytest.raises(SoftLabelError, match="belong to other pieces than the examples have"):
        rows_of(made)
