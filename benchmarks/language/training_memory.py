"""Memory of training: what `softlabels plan` expects, against what the training process takes.

the default corpus ──ingest──> examples
a decoder of 120 MB of weights ──trial──> expected peak ┐
                               ──real worker──> peak ───┴──> ratio, for four settings
8 layers, 2,048 tokens ──saved-tensor hooks──> bytes, with gradient checkpointing over without
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.project import ROOT, Figure, clean_project, kedro
from benchmarks.resident import peak_of_command

BOUND, SAVED_BOUND = 0.15, 0.4
LENGTH, ROWS, STEPS = 256, 8, 3
TRAINER: dict[str, Any] = {
    "accelerator": "cpu",
    "devices": 1,
    "strategy": "ddp",
    "precision": "float32",
    "gradient_checkpointing": False,
    "threads": 2,
    "workers": 0,
    "memory_gb": 4.0,
    "checkpoint_steps": 2,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "float32": {},
    "gradient checkpointing": {"gradient_checkpointing": True},
    "bf16 weights": {"precision": "bf16_weights"},
}
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
LORA: dict[str, Any] = {"kind": "lora", "rank": 8, "alpha": 16, "dropout": 0.0, "targets": LINEAR}
LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 512,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "intermediate_size": 1408,
    "tie_word_embeddings": True,
}


def measure_training_memory() -> list[Figure]:
    """Compare the expected with the measured peak, and the bytes that are saved for backward."""
    values = f"groups.experiment=causal_lm,data.text.length={LENGTH},data.text.vocabulary=8192"
    with clean_project() as project:
        kedro(project, "run", "--pipeline=ingest", f"--params={values}")
        figures = [_compared(project, name, changes) for name, changes in SETTINGS.items()]
        figures.append(_compared(project, "LoRA of all linear layers", {}, LORA))
    return [*figures, _saved()]


def job_of(
    project: Path, folder: Path, changes: dict[str, Any], adapter: dict[str, Any] | None = None
) -> Any:
    """Return a job of one fit of a few steps; `changes` are those of the trainer."""
    from stillroom.config.schema import Adapter, Architecture, Optimisation, Trainer
    from stillroom.training.job import Fit, Job

    how = Optimisation(
        optimiser="adamw",
        epochs=1,
        batch_size=ROWS,
        batch_tokens=None,
        lr=1e-4,
        momentum=0.9,
        weight_decay=0.0,
        warmup=0.0,
        clip=1.0,
        accumulate=1,
        patience=None,
        keep="nll",
    )
    fit = Fit(
        name="student",
        architecture=Architecture(name="transformer", options=LLAMA),
        optimisation=how,
        rows="all",
        objective=None,
        seed=0,
        shift=0,
        label_smoothing=0.0,
        adapter=None if adapter is None else Adapter(**adapter),
        share=STEPS * ROWS / 294,  # of the sequences of the default corpus
        output="student",
    )
    examples = project / "data/02_examples"
    return Job(
        examples=str(examples / "examples"),
        encoder=str(examples / "encoder"),
        soft_labels=None,
        folder=str(folder),
        curves=str(folder / "curves"),
        fits=[fit],
        trainer=Trainer(**(TRAINER | changes)),
    )


def _compared(
    project: Path, name: str, changes: dict[str, Any], adapter: dict[str, Any] | None = None
) -> Figure:
    from stillroom.assess.planning.training_memory import training_memory
    from stillroom.training.job import write_job

    with TemporaryDirectory(prefix="stillroom-bench-") as folder:
        job = job_of(project, Path(folder), changes, adapter)
        expected = training_memory(job, 0)
        write_job(job, Path(folder) / "job.json")
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        command = [sys.executable, "-m", "stillroom.training", f"{folder}/job.json"]
        measured = peak_of_command(command, environment)
    off = expected.peak / measured - 1
    return Figure(
        f"expected peak of training over the measured one, {name} ({measured / 1e6:,.0f} MB)",
        f"{off:+.1%}",
        f"within {BOUND:.0%}",
        abs(off) <= BOUND,
        {"measured": measured, **expected.to_json()},
    )


def _saved() -> Figure:
    import torch

    torch.set_num_threads(2)
    without, with_it = (_saved_and_peak(enabled) for enabled in (False, True))
    saved, peak = (second / first for first, second in zip(without, with_it, strict=True))
    return Figure(
        "bytes saved for backward, and peak of a pass, with gradient checkpointing over without",
        f"{saved:.3f}, {peak:.3f}",
        f"<= {SAVED_BOUND}",
        max(saved, peak) <= SAVED_BOUND,
        {"without": without, "with": with_it},
    )


def _saved_and_peak(enabled: bool) -> tuple[int, int]:
    """Return the bytes that 8 layers save for 2,048 tokens, and the peak beside their weights.

    The peak is that of all tensors of a forward and a backward pass, but each gradient is freed at
    once: together they take as much as the weights, with and without.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from stillroom.assess.planning.live_bytes import LiveBytes
    from stillroom.models.gradient_checkpointing import enable_gradient_checkpointing

    options = {name: value for name, value in LLAMA.items() if name != "model_type"}
    model = LlamaForCausalLM(LlamaConfig(**options, vocab_size=64)).train()
    for weight in model.parameters():
        weight.register_post_accumulate_grad_hook(_forget)
    if enabled:
        enable_gradient_checkpointing(model)
    tokens = torch.randint(0, 64, (1, ROWS * LENGTH))
    storages: dict[int, int] = {}
    weights = {one.untyped_storage().data_ptr() for one in model.parameters()}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            storages[storage.data_ptr()] = storage.nbytes()
        return tensor

    counter = LiveBytes(model.parameters())
    with counter:
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss = model(input_ids=tokens, use_cache=False).logits.square().mean()
        loss.backward()
    return sum(storages.values()), int(counter.after_each.max())


def _forget(weight: Any) -> None:
    weight.grad = None
