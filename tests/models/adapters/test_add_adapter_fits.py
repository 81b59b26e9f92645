"""Fits with an adapter: killed ones continue bit by bit; only the adapter is trained and kept."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file
from support.examples.corpus_examples import (
    CorpusOnDisk,
    small_corpus,
    token_labels,
    token_teachers,
)
from support.objectives.objective_config import objective
from support.training.jobs import a_fit, a_trainer, fitted, train_here
from support.training.killed_runs import Run, distinct, same_weights, train_forked

from stillroom.config.schema import PRETRAINED, Adapter, Architecture
from stillroom.data.text.tokenizer import write_tokenizer
from stillroom.models.pretrained.model_directory import architecture_hash
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.training.fit.checkpoint import read_tree
from stillroom.training.job import Fit, Job, Start
from stillroom.training.resume_state import gather_models

peft = pytest.importorskip("peft", reason="pip install 'stillroom[adapters]'")

TOKENS = objective({"forward_kl": 1.0}, temperature=1.0, hard_weight=0.25)
LORA = Adapter(kind="lora", rank=2, alpha=4, dropout=0.2, targets=None)
Made = tuple[CorpusOnDisk, SoftLabelSet, Path]


def pretrained(corpus: CorpusOnDisk, folder: Path, seed: int = 3) -> Path:
    config = transformers.LlamaConfig(
        vocab_size=corpus.fitted.outputs,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        transformers.LlamaForCausalLM(config).save_pretrained(folder)
    write_tokenizer(corpus.fitted.tokenizer, folder)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("adapter")
    corpus = small_corpus(folder)
    teachers = token_teachers(corpus, folder / "t")
    labels = token_labels(corpus, teachers, folder / "s", ThresholdRequest(8, 1.0))
    return corpus, labels, pretrained(corpus, folder / "small")


def start_of(path: Path) -> Start:
    hashes = {"weights": weights_hash(path), "architecture": architecture_hash(path)}
    return Start(path=str(path), **hashes, hub_id="someone/small")


def a_lora_fit(path: Path, **changes: Any) -> Fit:
    values: dict[str, Any] = {
        "architecture": Architecture(name=PRETRAINED, options={}),
        "optimisation": fitted(epochs=3, batch_size=8, lr=0.05),
        "objective": TOKENS,
        "start": start_of(path),
        "adapter": LORA,
    }
    return a_fit(**(values | changes))


def job_of(made: Made, folder: Path, fits: list[Fit], **trainer: Any) -> Job:
    corpus, labels, _ = made
    return Job(
        examples=str(corpus.examples.path),
        encoder=str(corpus.encoder),
        soft_labels=str(labels.folder),
        folder=str(folder),
        fits=fits,
        trainer=a_trainer(**{"checkpoint_steps": 2, **trainer}),
    )


@pytest.fixture(scope="module")
def whole(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run(job_of(made, tmp_path_factory.mktemp("whole") / "run", [a_lora_fit(made[2])]))
    assert run.go() == 0
    return run


def test_a_killed_fit_continues_bit_by_bit_from_the_adapter_alone(
    made: Made, whole: Run, tmp_path: Path
) -> None:
    run = Run(job_of(made, tmp_path / "run", [a_lora_fit(made[2])]))
    assert run.go(7) == -signal.SIGKILL
    state = read_tree(run.folder / "student" / "checkpoint.safetensors")
    trained = {name for name in state["state_dict"] if ".lora_" in name}
    assert trained == state["state_dict"].keys()
    assert len(trained) == len(state["optimizer_states"][0]["state"]) == 2 * 2 * 2  # A, B; q, v
    assert run.go() == 0
    assert distinct(run.steps()) == whole.steps()
    assert len(run.steps()) < 2 * len(whole.steps())
    assert same_weights(run, whole)
    adapters = [
        (one.folder / "student" / "best" / "adapter" / "adapter_model.safetensors").read_bytes()
        for one in (run, whole)
    ]
    assert adapters[0] == adapters[1]


def test_what_a_kill_left_between_writing_and_publishing_is_removed(
    made: Made, tmp_path: Path
) -> None:
    for name, adapter in (("lora", LORA), ("none", None)):
        once = fitted(epochs=1, batch_size=8)
        fit = a_lora_fit(made[2], output=name, optimisation=once, adapter=adapter)
        left = tmp_path / "job" / name / "arriving" / "adapter"
        left.mkdir(parents=True)
        (left / "left.txt").touch()
        train_here(job_of(made, tmp_path / "job", [fit]), tmp_path / f"{name}-models")
        model = tmp_path / f"{name}-models" / name
        files = [one.name for one in model.rglob("*")]
        assert "left.txt" not in files
        assert ("adapter" in files) == (adapter is not None)


def test_the_merged_model_differs_from_the_base_only_where_it_was_adapted(
    made: Made, whole: Run
) -> None:
    base, merged = load_file(made[2] / "model.safetensors"), whole.weights()["student"]
    assert base.keys() == merged.keys()
    changed = {name for name, value in base.items() if not torch.equal(value, merged[name])}
    layers = {f"model.layers.{n}.self_attn.{one}_proj.weight" for n in (0, 1) for one in "qv"}
    assert changed == layers


def test_peft_opens_the_adapter_on_the_base(made: Made, whole: Run, tmp_path: Path) -> None:
    gather_models(whole.job, tmp_path / "models")
    best = tmp_path / "models" / "student"
    ids = torch.arange(5, 25)[None]
    automatic = transformers.AutoModelForCausalLM
    with torch.no_grad():
        merged = automatic.from_pretrained(best).eval()(ids).logits
        base = automatic.from_pretrained(made[2])
        theirs = peft.PeftModel.from_pretrained(base, best, subfolder="adapter").eval()
        torch.testing.assert_close(theirs(ids).logits, merged, atol=1e-5, rtol=0)
    assert theirs.peft_config["default"].base_model_name_or_path == "someone/small"


@pytest.mark.parametrize(
    "trainer",
    [pytest.param({"devices": 2}, marks=pytest.mark.faults), {"precision": "bf16"}],
    ids=["ddp", "bf16"],
)
def test_the_curve_is_that_of_one_process_in_float32_to_within_rounding(
    made: Made, tmp_path: Path, trainer: dict[str, Any]
) -> None:
    how = fitted(epochs=2, batch_size=8, lr=0.5, optimiser="sgd")
    fit = a_lora_fit(made[2], adapter=replace(LORA, dropout=0.0), optimisation=how)
    one = train_here(job_of(made, tmp_path / "one", [fit]), tmp_path / "models_one")
    job = job_of(made, tmp_path / "other", [fit], **trainer)
    several = job.trainer.devices > 1
    other = (train_forked if several else train_here)(job, tmp_path / "models_other")
    for mine, theirs in zip(one, other, strict=True):
        allowed = 2e-5 if several else 2e-2
        assert mine["train_loss"] == pytest.approx(theirs["train_loss"], rel=allowed)
    assert one[-1]["train_loss"] < one[0]["train_loss"]


def test_layers_of_the_teacher_are_adapted_too_and_the_matrices_follow_the_seed(
    made: Made, tmp_path: Path
) -> None:
    corpus, _, _ = made
    teacher = token_teachers(corpus, tmp_path / "t") / "member_0"
    fits = [
        a_lora_fit(
            teacher,
            name=name,
            output=name,
            seed=seed,
            architecture=Architecture(name="from_teacher", options={"layers": 1}),
            optimisation=fitted(epochs=1, batch_size=8, lr=0.05),
        )
        for name, seed in (("first", 0), ("again", 0), ("other", 1))
    ]
    train_here(job_of(made, tmp_path / "job", fits), tmp_path / "models")
    weights = {
        name: load_file(tmp_path / "models" / name / "adapter" / "adapter_model.safetensors")
        for name in ("first", "again", "other")
    }
    key = "base_model.model.transformer.h.0.attn.c_attn.lora_A.weight"
    assert weights["first"].keys() == {key, key.replace("lora_A", "lora_B")}
    assert torch.equal(weights["first"][key], weights["again"][key])
    assert not torch.allclose(weights["first"][key], weights["other"][key])
