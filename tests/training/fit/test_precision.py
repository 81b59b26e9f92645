"""Precision: the types of weights in a fit, and fits that are equal, or resume, bit by bit."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from support.examples.corpus_examples import GPT2, CorpusOnDisk, small_corpus
from support.training.jobs import a_fit, a_trainer, fitted, train_here
from support.training.killed_runs import Run, train_forked
from torch import nn

from stillroom.config.schema import Architecture
from stillroom.models.pretrained.model_directory import load_model
from stillroom.training.fit.checkpoint import read_tree
from stillroom.training.fit.precision import FLOAT32, Arithmetic, arithmetic_of, halve
from stillroom.training.job import Job

DROPPING = GPT2 | {"n_layer": 2, "resid_pdrop": 0.2, "attn_pdrop": 0.2}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("precision"))


def job_of(corpus: CorpusOnDisk, folder: Path, epochs: int = 2, **trainer: Any) -> Job:
    fit = a_fit(
        architecture=Architecture(name="transformer", options=DROPPING),
        optimisation=fitted(epochs=epochs, batch_size=16, accumulate=2, clip=1.0),
    )
    return Job(
        examples=str(corpus.examples.path),
        encoder=str(corpus.encoder),
        soft_labels=None,
        folder=str(folder),
        fits=[fit],
        trainer=a_trainer(**trainer),
    )


def trained(corpus: CorpusOnDisk, folder: Path, **trainer: Any) -> tuple[Any, Path]:
    models = folder / "models"
    return train_here(job_of(corpus, folder / "work", **trainer), models), models / "student"


@pytest.fixture(scope="module")
def plain(corpus: CorpusOnDisk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    return trained(corpus, tmp_path_factory.mktemp("plain"))


def test_gradient_checkpointing_trains_the_very_weights(
    corpus: CorpusOnDisk, tmp_path: Path, plain: tuple[Any, Path]
) -> None:
    records, model = trained(corpus, tmp_path, gradient_checkpointing=True)
    assert records == plain[0]
    assert (model / "model.safetensors").read_bytes() == (
        plain[1] / "model.safetensors"
    ).read_bytes()
    assert (model / "config.json").read_bytes() == (plain[1] / "config.json").read_bytes()


@pytest.mark.parametrize("precision", ["bf16_master", "bf16_weights"])
def test_bf16_weights_learn_as_float32_does_and_are_saved_as_they_are(
    corpus: CorpusOnDisk, tmp_path: Path, plain: tuple[Any, Path], precision: str
) -> None:
    records, model = trained(corpus, tmp_path, precision=precision)
    weights = load_file(model / "model.safetensors")
    assert {one.dtype for one in weights.values()} == {torch.bfloat16}
    assert load_model(model).dtype == torch.float32  # an evaluation computes in float32
    first, last = (plain[0][at]["validation_nll"] for at in (0, -1))
    ours = records[-1]["validation_nll"]
    assert ours == pytest.approx(last, abs=0.5 * (first - last))


def test_parts_of_a_batch_add_up_in_the_type_of_the_weights() -> None:
    # What docs/training.md says of student.accumulate.
    weight = nn.Linear(1, 1, bias=False)
    for kind, total in ((torch.float32, 1 + 2**-9 + 2**-9), (torch.bfloat16, 1.0)):
        if kind == torch.bfloat16:
            halve(weight)
        weight.zero_grad()
        for part in (1.0, 2**-9, 2**-9):  # bf16 holds each, and not 1 + 2^-9
            weight(torch.tensor([part], dtype=kind)).backward()
        assert weight.weight.grad is not None
        assert (weight.weight.grad.dtype, weight.weight.grad.item()) == (kind, total)


@pytest.mark.parametrize("precision", ["bf16_master", "bf16_weights"])
def test_a_killed_fit_of_bf16_weights_goes_on_to_the_very_weights(
    corpus: CorpusOnDisk, tmp_path: Path, precision: str
) -> None:
    whole, run = (
        Run(job_of(corpus, tmp_path / name, precision=precision, checkpoint_steps=1))
        for name in ("whole", "run")
    )
    assert whole.go() == 0
    assert run.go(stop_at=9) != 0
    state = read_tree(run.folder / "student" / "checkpoint.safetensors")
    kinds = {one.dtype for one in state["state_dict"].values()}
    assert kinds == {torch.bfloat16}
    moment = state["optimizer_states"][0]["state"][0]
    assert moment["exp_avg"].dtype == torch.float32
    assert ("master" in moment) == (precision == "bf16_master")
    assert run.go() == 0
    ours, theirs = run.weights()["student"], whole.weights()["student"]
    assert all(torch.equal(one, theirs[name]) for name, one in ours.items())


@pytest.mark.faults
@pytest.mark.parametrize("precision", ["bf16_master", "bf16_weights"])
def test_two_processes_learn_bf16_weights_as_one_does(
    corpus: CorpusOnDisk, tmp_path: Path, precision: str
) -> None:
    (tmp_path / "alone").mkdir()
    alone, _ = trained(corpus, tmp_path / "alone", precision=precision)
    job = job_of(
        corpus, tmp_path / "two", precision=precision, devices=2, gradient_checkpointing=True
    )
    both = train_forked(job, tmp_path / "models")
    for one, other in zip(alone, both, strict=True):
        assert other["validation_nll"] == pytest.approx(one["validation_nll"], abs=0.02)


def test_buffers_and_layers_with_running_statistics_stay_in_float32() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.LayerNorm(3))
    model.register_buffer("angles", torch.ones(2))
    before = {name: one.data.clone() for name, one in model.named_parameters()}
    masters = halve(model)
    kinds = {name: one.dtype for name, one in model.named_parameters()}
    assert {name for name, kind in kinds.items() if kind == torch.bfloat16} == {
        "0.weight",
        "0.bias",
        "2.weight",
        "2.bias",
    }
    assert {one.dtype for one in model.buffers() if one.is_floating_point()} == {torch.float32}
    for name, weight in model.named_parameters():
        if weight in masters:
            assert torch.equal(masters[weight], before[name])


def test_a_shared_weight_is_cast_once_and_stays_shared() -> None:
    first, second = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    second.weight = first.weight
    masters = halve(nn.ModuleList([first, second]))
    assert list(masters) == [first.weight]
    assert first.weight is second.weight


@pytest.mark.parametrize(
    ("precision", "expected"),
    [
        ("auto", FLOAT32),
        ("float32", FLOAT32),
        ("bf16", Arithmetic("bf16-mixed")),
        ("bf16_master", Arithmetic("32-true", True, True)),
        ("bf16_weights", Arithmetic("32-true", True, False)),
    ],
)
def test_what_each_precision_means_on_the_cpu(precision: Any, expected: Arithmetic) -> None:
    assert arithmetic_of(a_trainer(precision=precision)) == expected
