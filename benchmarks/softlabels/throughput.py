"""Throughput: `capture` over a bare forward loop with log-softmax, same model and batches.

    examples ──encoder──> forward pass ──> log-softmax (the bare loop's) ──> the rest of `capture`
    bare = forward + log-softmax + release of the logits        capture = all but the log-softmax

`capture` runs all that a causal language model needs: examples from disk, packed sequences, a
model directory, the store. One loop times both, because the time of a forward pass varies by 15%,
and two separate loops would show this as a difference between them. Logits are so large that their
memory goes back to the system each time. `capture` is charged for this where it happens, and the
bare loop is charged for releasing a log-softmax of the same size.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.language.causal import Causal, causal
from benchmarks.project import Figure
from stillroom.softlabels.capture.capture import MemberCapture
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store.store import Store

TURNS = 5
TOP_K = TopK(k=128, temperatures=(1.0,))
TOP_K_AT_FIVE = TopK(k=128, temperatures=(1.0, 2.0, 4.0, 8.0, 20.0))
# About 50 entries on this text.
THRESHOLD = Threshold(entries=50.0, tau=0.0065, temperature=1.0)


@dataclass(slots=True)
class Clock:
    """Seconds of a model's forward passes, of a log-softmax after each, and of releasing that."""

    forward: float = 0.0
    softmax: float = 0.0
    release: float = 0.0
    rows: int = 0

    @contextmanager
    def on(self, model: torch.nn.Module) -> Iterator[None]:
        """Watch a model."""
        hooks = (
            model.register_forward_pre_hook(self._start),
            model.register_forward_hook(self._end),
        )
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _start(self, model: torch.nn.Module, inputs: Any) -> None:
        self.forward -= time.perf_counter()

    def _end(self, model: torch.nn.Module, inputs: Any, output: Any) -> None:
        answered = time.perf_counter()
        softmax = output.logits.log_softmax(dim=-1)
        normalised = time.perf_counter()
        del softmax
        self.forward += answered
        self.softmax += normalised - answered
        self.release += time.perf_counter() - normalised
        self.rows += len(output.logits)


def measure_throughput(data: Path) -> list[Figure]:
    """Measure each sparsifier separately, on the whole vocabulary and on 32,768 tokens."""
    figures = []
    for vocabulary, bound in ((None, 0.90), (32768, 0.95)):
        job = causal(data, vocabulary)
        for sparsifier in (TOP_K, TOP_K_AT_FIVE, THRESHOLD):
            figures.append(_figure(job, sparsifier, bound))
    return figures


def _figure(job: Causal, sparsifier: TopK | Threshold, bound: float) -> Figure:
    # The first turn warms up.
    turns = [_turn(job, sparsifier) for _ in range(TURNS + 1)][1:]
    ratio = median(bare / seconds for bare, seconds in turns)
    rate = job.positions / median(seconds for _, seconds in turns)
    return Figure(
        f"capture over a bare forward loop, {_name(sparsifier)}, V = {job.teacher.classes:,}",
        f"{ratio:.3f} ({rate:,.0f} positions/s)",
        f">= {bound}",
        ratio >= bound,
        {
            "ratio": ratio,
            "positions": job.positions,
            "bare_s": [bare for bare, _ in turns],
            "teach_s": [seconds for _, seconds in turns],
        },
    )


def _name(sparsifier: TopK | Threshold) -> str:
    """Return the sparsifier's name; top-k stores the missing mass at each temperature."""
    if isinstance(sparsifier, Threshold):
        return sparsifier.kind
    return f"{sparsifier.kind} of {len(sparsifier.temperatures)} temperature(s)"


def _turn(job: Causal, sparsifier: TopK | Threshold) -> tuple[float, float]:
    """Return the seconds of the bare loop and of `capture`."""
    clock, rows = Clock(), len(job.inputs)
    with TemporaryDirectory(prefix="stillroom-bench-") as folder, clock.on(job.teacher.model):
        started = time.perf_counter()
        capturing = MemberCapture(job.teacher.keeping(sparsifier), Store(Path(folder)), rows)
        for _ in capturing.shards(job.inputs, lambda done: None):
            pass
        total = time.perf_counter() - started
    # A bare loop releases the logits and their softmax. It has no rows that fill up a batch.
    bare = clock.forward * rows / clock.rows + clock.softmax + 2 * clock.release
    return bare, total - clock.softmax - clock.release
