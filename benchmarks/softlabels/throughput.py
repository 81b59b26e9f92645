"""Throughput: `teach` over a bare forward loop with log-softmax, same model and batches.

The two take turns over the same sequences within one run, so that a machine that slows down slows
both; the ratio is of medians.
"""

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch

from benchmarks.project import Figure
from benchmarks.softlabels.gemma import CausalTeacher, TextQuestions, gemma, sequences
from stillroom.softlabels.capture import Capturing
from stillroom.softlabels.sparsify.kinds import Sparsifier, Threshold, TopK
from stillroom.softlabels.store import Store

SEQUENCES, TURNS = 4, 3
TOP_K = TopK(k=128, temperatures=(1.0, 2.0, 4.0, 8.0, 20.0))
# About 50 entries on this text.
THRESHOLD = Threshold(entries=50.0, tau=0.0065, temperature=1.0)


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
    bare, taught = [], []
    for turn in range(TURNS + 1):
        seconds = _bare(teacher, questions), _taught(teacher, questions, sparsifier)
        if turn:  # the first warms up
            bare.append(seconds[0])
            taught.append(seconds[1])
    ratio = median(bare) / median(taught)
    return Figure(
        f"teach over a bare forward loop, {sparsifier.kind}, V = {teacher.classes:,}",
        f"{ratio:.3f} ({questions.positions / median(taught):,.0f} positions/s)",
        f">= {bound}",
        ratio >= bound,
        {"ratio": ratio, "bare_s": bare, "teach_s": taught, "positions": questions.positions},
    )


def _bare(teacher: CausalTeacher, questions: TextQuestions) -> float:
    inputs = np.stack([question.input() for question in questions])
    started = time.perf_counter()
    for logits in teacher.answer(inputs):
        with torch.inference_mode():
            logits.log_softmax(dim=-1)
    return time.perf_counter() - started


def _taught(teacher: CausalTeacher, questions: TextQuestions, sparsifier: Sparsifier) -> float:
    with TemporaryDirectory(prefix="stillroom-bench-") as folder:
        started = time.perf_counter()
        capturing = Capturing(teacher.keeping(sparsifier), Store(Path(folder)), len(questions))
        for _ in capturing.shards(questions, lambda rows: None):
            pass
        return time.perf_counter() - started
