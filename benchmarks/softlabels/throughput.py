"""Throughput: `teach` over a bare forward loop with log-softmax, same model and batches.

    forward pass ──> log-softmax (the bare loop's) ──> the rest of `teach`
    bare = forward + log-softmax        teach = forward + the rest

Both loops are timed in one: a forward pass takes 15% more or less from one time to the next, which
two loops that each run their own would take for a difference between them.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.project import Figure
from benchmarks.softlabels.gemma import CausalTeacher, Kept, TextQuestions, gemma, sequences
from stillroom.softlabels.capture import Capturing
from stillroom.softlabels.fingerprint import Capture
from stillroom.softlabels.sparsify.kinds import Sparsifier, Threshold, TopK
from stillroom.softlabels.store import Store

SEQUENCES, TURNS = 4, 7
TOP_K = TopK(k=128, temperatures=(1.0, 2.0, 4.0, 8.0, 20.0))
# About 50 entries on this text.
THRESHOLD = Threshold(entries=50.0, tau=0.0065, temperature=1.0)


@dataclass
class Watched:
    """A teacher under a clock: seconds of its forward passes, and of log-softmax after each."""

    kept: Kept
    forward: float = field(default=0.0)
    softmax: float = field(default=0.0)

    @property
    def capture(self) -> Capture:
        """The teacher's own."""
        return self.kept.capture

    @property
    def classes(self) -> int:
        """The size of the vocabulary."""
        return self.kept.classes

    def answer(self, inputs: np.ndarray) -> Iterator[torch.Tensor]:
        """Yield the teacher's answers."""
        started = time.perf_counter()
        for logits in self.kept.answer(inputs):
            answered = time.perf_counter()
            with torch.inference_mode():
                logits.log_softmax(dim=-1)
            self.forward += answered - started
            self.softmax += time.perf_counter() - answered
            yield logits
            started = time.perf_counter()
            del logits  # freeing them is part of either loop


def measure_throughput(data: Path) -> list[Figure]:
    """Measure top-k and threshold apart, on the whole vocabulary and on 32,768 tokens."""
    figures = []
    for classes, bound in ((None, 0.90), (32768, 0.95)):
        teacher = gemma(classes)
        questions = TextQuestions(sequences(data, SEQUENCES), teacher.classes)
        for sparsifier in (TOP_K, THRESHOLD):
            figures.append(_figure(teacher, questions, sparsifier, bound))
    return figures


def _figure(
    teacher: CausalTeacher, questions: TextQuestions, sparsifier: Sparsifier, bound: float
) -> Figure:
    # The first turn warms up.
    turns = [_turn(teacher, questions, sparsifier) for _ in range(TURNS + 1)][1:]
    ratio = median(bare / taught for bare, taught in turns)
    rate = questions.positions / median(taught for _, taught in turns)
    return Figure(
        f"teach over a bare forward loop, {sparsifier.kind}, V = {teacher.classes:,}",
        f"{ratio:.3f} ({rate:,.0f} positions/s)",
        f">= {bound}",
        ratio >= bound,
        {
            "ratio": ratio,
            "positions": questions.positions,
            "bare_s": [bare for bare, _ in turns],
            "teach_s": [taught for _, taught in turns],
        },
    )


def _turn(
    teacher: CausalTeacher, questions: TextQuestions, sparsifier: Sparsifier
) -> tuple[float, float]:
    """Return the seconds of the bare loop and of `teach`."""
    watched = Watched(teacher.keeping(sparsifier))
    with TemporaryDirectory(prefix="stillroom-bench-") as folder:
        started = time.perf_counter()
        capturing = Capturing(watched, Store(Path(folder)), len(questions))
        for _ in capturing.shards(questions, lambda rows: None):
            pass
        total = time.perf_counter() - started
    return watched.forward + watched.softmax, total - watched.softmax
