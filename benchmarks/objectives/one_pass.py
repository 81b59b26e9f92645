"""One pass of a loss, forwards and backwards: peak memory and time, in a process of its own.

python -m benchmarks.objectives.one_pass fused ──> {"grown": bytes, "seconds": [...]}
"""

import json
import subprocess
import sys
import time
from typing import Any

from benchmarks.objectives.losses import LOSSES, has_torchtune, seeded_targets
from benchmarks.project import ROOT, Figure
from benchmarks.resident import peak, resident

POSITIONS, VOCABULARY, WIDTH = 4096, 131_072, 576
PASSES = 3


def measure_one_pass() -> list[Figure]:
    """Compare the fused loss with full logits, and with torchtune's if it is installed."""
    fused, plain = _alone("fused"), _alone("plain")
    what = f"{POSITIONS:,} positions of {VOCABULARY:,} tokens, width {WIDTH}"
    figures = [_memory(f"cross-entropy on full logits, {what}", fused, plain)]
    if not has_torchtune():
        why = "not measured: pip install --no-deps torchtune"
        return [*figures, Figure("the fused loss over torchtune's forward KL", why, "", None)]
    theirs = _alone("torchtune")
    name = f"torchtune's chunked forward KL, {what}"
    ratio = min(fused["seconds"]) / min(theirs["seconds"])
    return [
        *figures,
        _memory(name, fused, theirs),
        Figure(
            f"time of the fused loss over {name}",
            f"{ratio:.2f} ({min(fused['seconds']):.1f} of {min(theirs['seconds']):.1f} s)",
            "<= 0.75",
            ratio <= 0.75,
            {"fused_s": fused["seconds"], "torchtune_s": theirs["seconds"]},
        ),
    ]


def _memory(name: str, ours: dict[str, Any], theirs: dict[str, Any]) -> Figure:
    ratio = ours["grown"] / theirs["grown"]
    return Figure(
        f"peak memory of the fused loss over {name}",
        f"{ratio:.2f} ({ours['grown'] / 1e9:.2f} of {theirs['grown'] / 1e9:.2f} GB)",
        "<= 0.25",
        ratio <= 0.25,
        {"ours": ours["grown"], "theirs": theirs["grown"]},
    )


def _alone(name: str) -> dict[str, Any]:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.objectives.one_pass", name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    result: dict[str, Any] = json.loads(ended.stdout)
    return result


def _measured(name: str) -> dict[str, Any]:
    import torch

    draws = torch.Generator().manual_seed(1)
    hidden = torch.randn(POSITIONS, WIDTH, generator=draws).requires_grad_()
    weight = (torch.randn(VOCABULARY, WIDTH, generator=draws) / WIDTH**0.5).requires_grad_()
    of = seeded_targets(POSITIONS, VOCABULARY, with_logits=name == "torchtune")
    # The first pass also allocates memory for threads and kernels, once.
    LOSSES[name](hidden[:64], weight[:1024], seeded_targets(64, 1024, with_logits=True)).backward()
    hidden.grad = weight.grad = None
    before, seconds = resident(), []
    for _ in range(PASSES):
        hidden.grad = weight.grad = None
        started = time.perf_counter()
        LOSSES[name](hidden, weight, of).backward()
        seconds.append(time.perf_counter() - started)
    return {"grown": peak() - before, "seconds": seconds}


if __name__ == "__main__":
    print(json.dumps(_measured(sys.argv[1])))
