"""Predictions of language models on the test split, before and after calibration.

some validation sequences ──LanguageModels──> logits ──nll_curve──> a temperature per model
test sequences ──LanguageModels──> logits ──token_scores, scaled_scores──> lists per sequence
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.assess.predict.lm_inference import LanguageModels, LogitsBatch, batching_order
from stillroom.data.chat.packed_turns import has_turns, label_turns
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
from stillroom.teachers.teacher import TeacherRef

if TYPE_CHECKING:
    from stillroom.softlabels.format.ensemble_combination import Combination

SCORES = ("nll", "top", "confidence", "kl")
SCALED_SCORES = ("nll", "confidence")

# Only one number is fitted, and this many positions give T a standard error of about 1%. To use all
# of a large validation split would cost as much as the test split.
POSITIONS = 8192


def predict_tokens(
    rows: pl.DataFrame,
    encoder: SequenceEncoder,
    refs: Sequence[TeacherRef],
    combination: "Combination",
    students: Mapping[str, Path],
) -> pl.DataFrame:
    """Return the scores of each model at each labelled position of the test split.

    Args:
        rows: the sequences of validation and test; without the former, no temperature is fitted.
        encoder: the encoder of the sequences.
        refs, combination: the teachers, and how their answers are combined.
        students: the model directories, by the names of their runs.

    Returns:
        A row for each test sequence: `example_id`, `bytes`, `labels`, and the `SCORES` of each
        model, for example `teacher_nll`. Labels and scores are lists with one entry for each
        labelled position. Conversations have such a list `turns` as well, with the assistant's turn
        that a position belongs to, from 1. If temperatures were fitted, `teacher_temperature` is
        the same number in each row, and `teacher_scaled_nll` and `teacher_scaled_confidence` are
        lists of the scores at this temperature.

    Raises:
        DataError: the examples are of an older run.
        ModelError: a model cannot be opened.
    """
    validation, test = (rows.filter(pl.col("split") == name) for name in (VALIDATION, TEST))
    models = LanguageModels.opened(encoder, refs, combination, students)
    temperatures = _temperatures(models, validation, encoder)
    inputs = encoder.encode(test)
    order = batching_order(inputs)
    lists: dict[str, list[Any]] = {"labels": []}
    with ticking("running teacher and students", len(inputs), "sequences") as ticker:
        for batch in models.batches(inputs[order]):
            lists["labels"] += batch.labels
            for name, values in _columns(batch, temperatures):
                lists.setdefault(name, []).extend(np.split(values, batch.bounds))
            ticker.advance(len(batch.labels))
    is_chat = has_turns(test, encoder.chat_template)
    of_turns = [pl.Series("turns", label_turns(test[order]))] if is_chat else []
    predictions = test[order].select(
        "example_id",
        "bytes",
        *(turns.cast(pl.List(pl.Int64())) for turns in of_turns),
        # pl.Series ignores its dtype for arrays, and makes no lists if all arrays have one length.
        *(pl.Series(name, values).cast(_type(name)) for name, values in lists.items()),
        *(pl.lit(fit).alias(f"{name}_temperature") for name, fit in temperatures.items()),
    )
    return predictions[np.argsort(order)]


def _temperatures(
    models: LanguageModels, validation: pl.DataFrame, encoder: SequenceEncoder
) -> dict[str, float]:
    """Return the fitted temperature of each model; {} if there is no validation sequence."""
    if validation.is_empty():
        return {}
    inputs = _drawn(validation, encoder)
    curves: dict[str, NllCurve] = {}
    with ticking("fitting temperatures", len(inputs), "sequences") as ticker:
        for batch in models.batches(inputs[batching_order(inputs)]):
            for name in batch.logits:
                more = nll_curve(batch.of(name), batch.flat_labels)
                curves[name] = curves[name] + more if name in curves else more
            ticker.advance(len(batch.labels))
    return {name: best_temperature(one) for name, one in curves.items()}


def _drawn(validation: pl.DataFrame, encoder: SequenceEncoder) -> Sequences:
    """Return encoded sequences with about `POSITIONS` labelled positions in all.

    Keys are hashes, so the first sequences by key are a random draw from all files.
    """
    inputs = encoder.encode(validation.sort("example_id"))
    counts = (inputs[:, LABELS] >= 0).sum(axis=1)
    drawn: Sequences = inputs[counts.cumsum() - counts < POSITIONS]
    return drawn


def _columns(
    batch: LogitsBatch, temperatures: Mapping[str, float]
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the name and the values, [M], of each column of scores."""
    labels, teacher_logits = batch.flat_labels, batch.of(TEACHER)
    for name in batch.logits:
        logits = batch.of(name)
        scores = token_scores(logits, labels, teacher_logits)
        yield from ((f"{name}_{what}", getattr(scores, what)) for what in SCORES)
        if name in temperatures:
            scaled = scaled_scores(logits, labels, temperatures[name])
            yield from ((f"{name}_scaled_{what}", getattr(scaled, what)) for what in SCALED_SCORES)


def _type(name: str) -> pl.List:
    whole = name == "labels" or name.endswith("_top")
    return pl.List(pl.Int64() if whole else pl.Float32())
