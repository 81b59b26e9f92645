"""A sentence teacher on BANKING77: what its head and its capture cost beside a pass of MiniLM.

    texts ──one pass──> embeddings ──five strengths──> head      seconds by those of the pass
    texts ──kept embeddings, head──> logits                      seconds by those of the pass

Each class is cut in two, because the cost of a head grows with the classes. MINILM names the
encoder's folder, DATA the one that holds banking77.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.project import Figure
from benchmarks.texts import banking_and_encoder
from stillroom.data.encoders import TokenEncoder
from stillroom.data.text.tokenizer import read_tokenizer
from stillroom.models.architectures.sentence_encoder import sentence_classifier
from stillroom.models.pretrained.sentence_transformers import (
    read_max_length,
    read_pooling,
    read_sentence_encoder,
)
from stillroom.teachers.sentence.linear_head import STRENGTHS, fit_heads
from stillroom.teachers.sentence.reuse_embeddings import embedded, head_logits

TEXTS = 1500
RUNS = 3
BATCH_SIZE = 256
HEAD, CAPTURE = 1.2, 0.1


def measure_sentence(data: Path) -> list[Figure]:
    """Fit a head on the embeddings of one pass, then answer the same texts.

    Raises:
        MissingError: the encoder or the data are not there.
    """
    folder, given = banking_and_encoder(data)
    frame = pl.read_csv(folder / "train.csv").sample(TEXTS, seed=0)
    names = tuple(sorted(frame["category"].unique()))
    model, inputs = _model_and_inputs(given, frame, names)
    (vectors, kept), encoder = _timed(lambda: embedded(model, inputs, BATCH_SIZE, {}), 1)
    labels = frame["category"].replace_strict(names, range(len(names))).to_numpy()
    halves = 2 * labels + (vectors[:, 0] > np.median(vectors[:, 0]))
    _, cut = np.unique(halves, return_inverse=True)
    _, head = _timed(lambda: fit_heads(vectors.astype(np.float64), cut, STRENGTHS[-1], 1000), RUNS)
    _, capture = _timed(lambda: _answers(model, inputs, kept), RUNS)
    what = f"{TEXTS:,} texts, {cut.max() + 1} classes, a pass of {encoder:.1f} s"
    return [
        _figure(f"sentence teacher, {what}: head by pass", head / encoder, HEAD),
        _figure("sentence teacher: capture of embedded texts by pass", capture / encoder, CAPTURE),
    ]


def _model_and_inputs(
    given: Path, frame: pl.DataFrame, names: tuple[str, ...]
) -> tuple[Any, NDArray[np.int32]]:
    pooling, base = read_pooling(given), read_sentence_encoder(given)
    encoder = TokenEncoder.of(read_tokenizer(given), names, read_max_length(given, base))
    model = sentence_classifier(base, names, pooling.mode, pooling.normalise)
    return model, encoder.encode(frame.select("text"))


def _answers(model: Any, inputs: NDArray[np.int32], kept: dict[bytes, Any]) -> Any:
    vectors, _ = embedded(model, inputs, BATCH_SIZE, kept)
    return head_logits(model, vectors, inputs, BATCH_SIZE)


def _timed(run: Callable[[], Any], runs: int) -> tuple[Any, float]:
    """Return the last result, and the median of the seconds."""
    seconds = []
    for _ in range(runs):
        start = perf_counter()
        result = run()
        seconds.append(perf_counter() - start)
    return result, median(seconds)


def _figure(name: str, share: float, bound: float) -> Figure:
    return Figure(name, f"{share:.3f}", f"<= {bound:g}", share <= bound)
