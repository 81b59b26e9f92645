"""The memory trial, in this process: sizes to the byte, and peaks of a batch that was not tried."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.examples.corpus_examples import GPT2, CorpusOnDisk, small_corpus
from support.examples.image_examples import image_examples
from support.training.jobs import a_fit, a_job, a_trainer, fitted

from stillroom.assess.planning import memory_trial
from stillroom.assess.planning.live_bytes import LiveBytes
from stillroom.assess.planning.memory_trial import few_rows, micro_batch_rows, run_trial
from stillroom.config.schema import Architecture
from stillroom.data.text.token_layout import LABELS
from stillroom.models.forward.lm_head import label_mask
from stillroom.objectives import fused_loss
from stillroom.objectives.mixture import hard_labels
from stillroom.training.data.memory_dataset import read_split
from stillroom.training.fit.fit_model import FitInputs, build_lit_module
from stillroom.training.job import Job

LAYERS = GPT2 | {"n_layer": 3}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("trial"))


@pytest.fixture(autouse=True)
def threads() -> Any:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
    torch.use_deterministic_algorithms(False)


def job_of(corpus: CorpusOnDisk, how: dict[str, Any] | None = None, **trainer: Any) -> Job:
    fit = a_fit(
        architecture=Architecture(name="transformer", options=LAYERS),
        optimisation=fitted(**(how or {"batch_size": 6})),
    )
    return Job(
        examples=str(corpus.examples.path),
        encoder=str(corpus.encoder),
        soft_labels=None,
        folder="",
        fits=[fit],
        trainer=a_trainer(**trainer),
    )


@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_peaks_of_a_batch_follow_from_one_and_two_rows(
    corpus: CorpusOnDisk, checkpointing: bool
) -> None:
    job = job_of(corpus, gradient_checkpointing=checkpointing)
    trial = run_trial(job)
    rows = read_split(corpus.examples, corpus.fitted, "validation")
    inputs = FitInputs(train=rows, validation=rows, loss=hard_labels(), encoder=corpus.fitted)
    module = build_lit_module(job.fits[0], inputs, job.trainer)
    batch = few_rows(module, rows, 6, 6)
    counter = LiveBytes([*module.parameters(), *module.buffers()])
    with counter:
        module.training_step(batch, 0).backward()
    assert trial.batch_rows == 6
    assert trial.step == counter.after_each.max()
    parameters = sum(one.numel() for one in module.parameters())
    assert trial.parameters == parameters
    assert trial.gradients == 4 * parameters
    assert trial.weights >= trial.gradients
    assert trial.process > 1e8
    assert trial.building >= trial.weights


def test_bf16_weights_take_half(corpus: CorpusOnDisk) -> None:
    whole, half = run_trial(job_of(corpus)), run_trial(job_of(corpus, precision="bf16_weights"))
    assert 2 * half.gradients == whole.gradients
    assert half.parameters == whole.parameters
    assert half.step < 0.75 * whole.step


@pytest.mark.parametrize(
    ("how", "devices", "expected"),
    [
        ({"batch_size": 16}, 1, 16),
        ({"batch_size": 16, "accumulate": 4}, 1, 4),
        ({"batch_size": 16, "accumulate": 2}, 2, 4),
        ({"batch_size": 5, "accumulate": 4}, 1, 3),  # two parts, since none has a single row
        ({"batch_size": 1000}, 1, 100),
        ({"batch_tokens": 24 * 7}, 1, 7),
    ],
)
def test_the_rows_of_a_micro_batch(
    corpus: CorpusOnDisk, how: dict[str, Any], devices: int, expected: int
) -> None:
    rows = read_split(corpus.examples, corpus.fitted, "validation")
    assert rows.inputs.shape[-1] == 24
    assert micro_batch_rows(job_of(corpus, how, devices=devices), rows, 100) == expected


def test_the_labels_of_a_batch_fill_one_chunk_of_logits_at_most(
    corpus: CorpusOnDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(corpus)
    rows = read_split(corpus.examples, corpus.fitted, "validation")
    inputs = FitInputs(train=rows, validation=rows, loss=hard_labels(), encoder=corpus.fitted)
    module = build_lit_module(job.fits[0], inputs, job.trainer)
    most = int((rows.inputs[:, LABELS] >= 0).sum(dim=1).max())
    assert label_mask(few_rows(module, rows, 2, 6).inputs).sum(dim=1).tolist() == [most, most]
    monkeypatch.setattr(fused_loss, "CHUNK", corpus.fitted.outputs * 6 * 5)
    batch = few_rows(module, rows, 2, 6)
    assert label_mask(batch.inputs).sum(dim=1).tolist() == [5, 5]
    assert len(batch.labels) == 10


def test_images_are_tried_with_two_rows_for_batch_normalisation(tmp_path: Path) -> None:
    made = image_examples(tmp_path)
    resnet = {"embedding_size": 4, "hidden_sizes": [4], "depths": [1], "layer_type": "basic"}
    fit = a_fit(architecture=Architecture(name="resnet", options=resnet))
    trial = run_trial(a_job(made, tmp_path / "job", fits=[fit]))
    assert trial.batch_rows == fit.optimisation.batch_size
    assert trial.step > trial.gradients


def test_a_refusal_is_one_line(
    tmp_path: Path, corpus: CorpusOnDisk, capsys: pytest.CaptureFixture[str]
) -> None:
    from stillroom.training.job import write_job

    job = job_of(corpus)
    fit = replace(job.fits[0], architecture=Architecture(name="mlp", options={"hidden": [4]}))
    write_job(replace(job, fits=[fit]), tmp_path / "job.json")
    assert memory_trial.main([str(tmp_path / "job.json"), str(tmp_path / "trial.json")]) == 1
    assert capsys.readouterr().err.startswith("mlp takes ")
    assert np.all(not (tmp_path / "trial.json").exists())
