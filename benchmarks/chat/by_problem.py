"""Scores by problem: packed sequences and each model's NLL in, one sum for each problem out.

    tokens, starts, learnt + lists of NLL ──piece of each learnt token──> Scores of a model

A sequence holds several problems side by side. A problem is what was drawn independently, so the
standard error is over problems.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.evaluation.statistics.scores import Scores


def scores_by_problem(
    rows: pl.DataFrame, predictions: pl.DataFrame, models: Sequence[str]
) -> dict[str, Scores]:
    """Return, by model, the log-likelihoods of the answer tokens.

    Args:
        rows: the test sequences, with `starts` and `learnt`.
        predictions: of `predict_tokens`, with the lists `labels` and `<model>_nll`.
        models: the names of the models.
    """
    joined = rows.select("example_id", "starts", "learnt").join(predictions, on="example_id")
    lengths = np.concatenate([_counts(row["starts"], row["learnt"]) for row in joined.to_dicts()])
    asked = joined["labels"].list.len().sum()
    if asked != lengths.sum():
        raise ValueError(f"{asked:,} answers do not fit {lengths.sum():,} learnt tokens")
    return {
        name: Scores.of_sequences(-joined[f"{name}_nll"].explode().to_numpy(), lengths)
        for name in models
    }


def _counts(starts: Sequence[int], learnt: Sequence[bool]) -> NDArray[np.int64]:
    """Return how many learnt tokens each problem of a sequence has."""
    marks = np.array(learnt)
    marks[list(starts)] = False  # nothing predicts the first token
    return np.add.reduceat(marks.astype(np.int64), list(starts))
