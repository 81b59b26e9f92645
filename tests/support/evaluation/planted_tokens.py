"""Planted language models: their predictions at every token of a small corpus, as `predict` writes.

skill + difficulty of a token ──sigmoid──> how sure a model is, and how often it is right
"""

from collections.abc import Mapping

import numpy as np
import polars as pl
from support.evaluation.planted_classes import SEEDS
from support.examples.corpus_examples import CorpusOnDisk

from stillroom.data.text.token_layout import LABELS
from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER, runs

SKILL = {TEACHER: 1.0, CONTROL: 0.0, STUDENT: 0.6}
# The 20 likeliest wrong tokens share the rest.
OTHERS = 20


def planted_tokens(
    made: CorpusOnDisk, skill: Mapping[str, float] = SKILL, students_sure: float = 1.0
) -> pl.DataFrame:
    """Return the predictions of models that are as sure as they are right.

    Args:
        made: the corpus; the models predict its test split.
        skill: each arm's, in log-odds of being right.
        students_sure: factor of the log-odds that the students report.
    """
    test = made.examples.read().filter(pl.col("split") == "test")
    by_row = [row[row >= 0] for row in made.fitted.encode(test)[:, LABELS]]
    labels, cuts = np.concatenate(by_row), np.cumsum([len(row) for row in by_row])[:-1]
    draws = np.random.default_rng(0)
    hard, luck = draws.normal(0, 1.5, len(labels)), draws.random(len(labels))
    names = {TEACHER: TEACHER} | {run.name: run.arm for run in runs((CONTROL, STUDENT), SEEDS)}
    rows = {"labels": labels.astype(np.int64)}
    for name, arm in names.items():
        odds = skill[arm] + hard + draws.normal(0, 0.3, len(labels))
        right = luck < _sure(odds)
        sure = _sure(odds * students_sure if arm == STUDENT else odds)
        rows[f"{name}_nll"] = -np.log(np.where(right, sure, (1 - sure) / OTHERS))
        rows[f"{name}_top"] = np.where(right, labels, (labels + 1) % made.fitted.outputs)
        rows[f"{name}_confidence"] = sure
        rows[f"{name}_kl"] = np.zeros(len(labels)) if arm == TEACHER else 0.1 * sure
    columns = [
        pl.Series(name, np.split(values, cuts), pl.List(_type(values)))
        for name, values in rows.items()
    ]
    return test.select("example_id", "bytes").with_columns(columns)


def _sure(odds: np.ndarray) -> np.ndarray:
    # Below this, another token would be the first choice.
    return np.clip(1 / (1 + np.exp(-odds)), 0.06, None)


def _type(values: np.ndarray) -> type[pl.DataType]:
    return pl.Int64 if values.dtype.kind == "i" else pl.Float32
