"""Predictions of language models on the test split, before and after calibration.

some validation sequences ──LanguageModels──> logits ──nll_curve──> a temperature each
test sequences ──LanguageModels──> logits ──token_scores, scaled_scores──> a list per row
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.assess.predict.lm_inference import LanguageModels, LogitsBatch, batching_order
from stillroom.data.encoders import SequenceEncoder
from stillroom.data.ingest.splits import TEST, VALIDATION
from stillroom.data.text.token_layout import LABELS, Sequences
from stillroom.evaluation.arms import TEACHER
from stillroom.evaluation.token_metrics import token_scores
from stillroom.evaluation.token_temperature_scaling import (
    NllCurve,
    best_temperature,
    nll_curve,
    scaled_scores,
)
from stillroom.io.progress import ticking
from stillroom.teachers.teacher_ref import TeacherRef

if TYPE_CHECKING:
    from stillroom.softlabels.format.ensemble_combination import Combination

SCORES = ("nll", "top", "confidence", "kl")
SCALED_SCORES = ("nll", "confidence")

# One number is fitted, and so many leave T a standard error of about 1%. All of a large validation
# split would cost as much as the test.
POSITIONS = 8192


def predict_tokens(
    rows: pl.DataFrame,
    encoder: SequenceEncoder,
    refs: Sequence[TeacherRef],
    combination: "Combination",
    students: Mapping[str, Path],
) -> pl.DataFrame:
    """Return what each model says at each position of the test split.

    Args:
        rows: sequences of validation and test; without the former no temperature is fitted.
        encoder: of them.
        refs, combination: the teachers, and how they become one.
        students: model directories by name.

    Returns:
        A row for each test sequence: `example_id`, `bytes`, `labels` and, as `teacher_nll`, what
        `Said` holds of each model, lists as long as there are positions where something is asked.
        Where temperatures were fitted, `teacher_temperature` is the same number in each row, and
        `teacher_scaled_nll` and `teacher_scaled_confidence` are lists of what it leads to.

    Raises:
        ModelError: a model cannot be opened.
    """
    validation, test = (rows.filter(pl.col("split") == name) for name in (VALIDATION, TEST))
    models = LanguageModels.opened(encoder, refs, combination, students)
    temperatures = _temperatures(models, validation, encoder)
    inputs = encoder.encode(test)
    order = batching_order(inputs)
    lists: dict[str, list[Any]] = {"labels": []}
    with ticking("asking teacher and students", len(inputs), "sequences") as ticker:
        for batch in models.batches(inputs[order]):
            lists["labels"] += batch.labels
            for name, values in _columns(batch, temperatures):
                lists.setdefault(name, []).extend(np.split(values, batch.bounds))
            ticker.advance(len(batch.labels))
    found = test[order].select(
        "example_id",
        "bytes",
        # Given arrays, pl.Series ignores a dtype, and makes no lists of rows of one length.
        *(pl.Series(name, values).cast(_type(name)) for name, values in lists.items()),
        *(pl.lit(fit).alias(f"{name}_temperature") for name, fit in temperatures.items()),
    )
    return found[np.argsort(order)]


def _temperatures(
    models: LanguageModels, validation: pl.DataFrame, encoder: SequenceEncoder
) -> dict[str, float]:
    """Return what each model's logits have to be divided by; of no sequences nothing."""
    if validation.is_empty():
        return {}
    inputs = _drawn(validation, encoder)
    found: dict[str, NllCurve] = {}
    with ticking("fitting temperatures", len(inputs), "sequences") as ticker:
        for batch in models.batches(inputs[batching_order(inputs)]):
            for name in batch.logits:
                more = nll_curve(batch.of(name), batch.asked)
                found[name] = found[name] + more if name in found else more
            ticker.advance(len(batch.labels))
    return {name: best_temperature(one) for name, one in found.items()}


def _drawn(validation: pl.DataFrame, encoder: SequenceEncoder) -> Sequences:
    """Return sequences of about `POSITIONS` positions.

    Keys are hashes, so the first by key are a random draw of every file.
    """
    inputs = encoder.encode(validation.sort("example_id"))
    asked = (inputs[:, LABELS] >= 0).sum(axis=1)
    drawn: Sequences = inputs[asked.cumsum() - asked < POSITIONS]
    return drawn


def _columns(
    batch: LogitsBatch, temperatures: Mapping[str, float]
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield what each model says, [M], by the name of its column."""
    labels, taught = batch.asked, batch.of(TEACHER)
    for name in batch.logits:
        logits = batch.of(name)
        found = token_scores(logits, labels, taught)
        yield from ((f"{name}_{what}", getattr(found, what)) for what in SCORES)
        if name in temperatures:
            then = scaled_scores(logits, labels, temperatures[name])
            yield from ((f"{name}_scaled_{what}", getattr(then, what)) for what in SCALED_SCORES)


def _type(name: str) -> pl.List:
    whole = name == "labels" or name.endswith("_top")
    return pl.List(pl.Int64() if whole else pl.Float32())
