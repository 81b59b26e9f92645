"""Speed: training steps of a small language model, fused loss against plain cross-entropy.

Both train the same model on the same tokens, in turn; one learns from 50 stored tokens a position
and the hard label, the other from the hard label on full logits.
"""

import time
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor

from benchmarks.objectives.losses import LOSSES, seeded_targets
from benchmarks.project import Figure

WIDTH, LAYERS, LENGTH, BATCH = 576, 4, 256, 4
VOCABULARIES = (32_000, 262_144)
TURNS = 7


def measure_loss_speed() -> list[Figure]:
    """Measure steps per second at both vocabularies."""
    return [_figure(vocabulary) for vocabulary in VOCABULARIES]


def _figure(vocabulary: int) -> Figure:
    step = _student(vocabulary)
    seconds: dict[str, list[float]] = {"fused": [], "plain": []}
    for _ in range(TURNS + 1):
        for name, times in seconds.items():
            started = time.perf_counter()
            step(name)
            times.append(time.perf_counter() - started)
    fused, plain = (times[1:] for times in seconds.values())  # the first turn warms up
    ratio = median(b / a for a, b in zip(fused, plain, strict=True))
    return Figure(
        f"training steps by the fused loss over plain cross-entropy on full logits, "
        f"V = {vocabulary:,}",
        f"{ratio:.2f} ({BATCH * LENGTH / median(fused):,.0f} tokens/s)",
        ">= 1.0",
        ratio >= 1.0,
        {"fused_s": fused, "plain_s": plain},
    )


def _student(vocabulary: int) -> Callable[[str], None]:
    """Return a step of a small language model: forwards, backwards, update."""
    from transformers import LlamaConfig, LlamaModel

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=9,
        num_key_value_heads=3,
    )
    model = LlamaModel(config)
    weight = model.embed_tokens.weight  # the output matrix is the input's
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    tokens = torch.randint(0, vocabulary, (BATCH, LENGTH))
    of = seeded_targets(BATCH * LENGTH, vocabulary)

    def step(name: str) -> None:
        optimizer.zero_grad(set_to_none=True)
        hidden: Tensor = model(input_ids=tokens).last_hidden_state.flatten(0, 1)
        LOSSES[name](hidden, weight, of).backward()
        optimizer.step()

    return step
