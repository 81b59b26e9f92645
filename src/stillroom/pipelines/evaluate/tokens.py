"""Evaluation of language models: the test split through every model, position by position.

test sequences ──each model, the same batches──> logits ──said──> predictions, a list per row
predictions ──> metrics, reliability
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

from stillroom.data.encoders import SequenceEncoder
from stillroom.data.encoders.sequences import LABELS, Sequences, Task
from stillroom.evaluation.calibration import reliability_of
from stillroom.evaluation.tokens import Said, error_of_mean, said, text_quality, token_quality
from stillroom.io.progress import ticking
from stillroom.models.directory import load_model
from stillroom.models.sequences import batches_of_token_logits
from stillroom.teachers.ensemble import Ensemble
from stillroom.teachers.local import How, open_teacher
from stillroom.teachers.reference import TeacherRef

if TYPE_CHECKING:
    from stillroom.softlabels.combine import Combination

BATCH_SIZE = 8
SAID = ("nll", "top", "confidence", "kl")

Numbers = dict[str, dict[str, int | float]]
Records = list[dict[str, Any]]


def predict_tokens(
    test: pl.DataFrame,
    encoder: SequenceEncoder,
    refs: Sequence[TeacherRef],
    combination: "Combination",
    students: Mapping[str, Path],
) -> pl.DataFrame:
    """Return what each model says at each position of the test split.

    Args:
        test: sequences.
        encoder: of them.
        refs, combination: the teachers, and how they become one.
        students: model directories by name.

    Returns:
        `example_id`, `bytes`, `labels` and, as `teacher_nll`, what `Said` holds of each model; of
        each row a list, as long as there are positions where something is asked.

    Raises:
        ModelError: a model cannot be opened.
    """
    inputs = encoder.encode(test)
    models = {name: load_model(path) for name, path in students.items()}
    asked = _teacher(refs, combination, encoder).answer(inputs)
    answers = {
        name: batches_of_token_logits(model, inputs, BATCH_SIZE, encoder.outputs)
        for name, model in models.items()
    }
    rows: dict[str, list[Any]] = {"labels": []}
    with ticking("asking teacher and students", len(inputs), "sequences") as ticker:
        for batch in _alike(inputs, asked, answers):
            rows["labels"] += batch.labels
            for name, found in batch.said.items():
                for what in SAID:
                    parts = np.split(getattr(found, what), batch.bounds)
                    rows.setdefault(f"{name}_{what}", []).extend(parts)
            ticker.advance(len(batch.labels))
    return test.select("example_id", "bytes").with_columns(
        pl.Series(name, values, dtype=_type(name)) for name, values in rows.items()
    )


def measure_tokens(predictions: pl.DataFrame, task: Task, bins: int) -> tuple[Numbers, Records]:
    """Return the metrics and the records of the reliability diagram.

    Args:
        predictions: as `predict_tokens` returns them.
        task: what was asked.
        bins: of the calibration error.
    """
    models = [name.removesuffix("_nll") for name in predictions.columns if name.endswith("_nll")]
    labels = _flat(predictions, "labels")
    lengths = predictions["labels"].list.len().to_numpy().astype(np.int64)
    found = {
        name: Said(*(_flat(predictions, f"{name}_{what}") for what in SAID)) for name in models
    }
    text_bytes = int(predictions["bytes"].sum())
    metrics: Numbers = {
        name: asdict(token_quality(one, found["teacher"], labels, bins))
        for name, one in found.items()
    }
    if task == "next_token":
        for name, one in found.items():
            metrics[name] |= asdict(text_quality(one, text_bytes))
    student, control = found["student"], found["control"]
    right = (student.top == labels).astype(float) - (control.top == labels)
    metrics["gain"] = {
        "accuracy": float(right.mean()),
        "accuracy_standard_error": error_of_mean(right, lengths),
        "nll": float((control.nll - student.nll).mean()),
        "nll_standard_error": error_of_mean(control.nll - student.nll, lengths),
    }
    records = [
        record
        for name, one in found.items()
        for record in reliability_of(name, one.confidence, one.top == labels, bins)
    ]
    return metrics, records


class _Batch:
    """What every model says of the same rows."""

    def __init__(self, rows: Sequences, teacher: Tensor, answers: Mapping[str, Tensor]) -> None:
        asked = [row[row >= 0] for row in rows[:, LABELS]]
        self.labels = asked
        self.bounds = np.cumsum([len(one) for one in asked])[:-1]
        inside = np.arange(teacher.shape[1]) < np.array([len(one) for one in asked])[:, None]
        at, labels = torch.from_numpy(inside), torch.from_numpy(np.concatenate(asked)).long()
        every = {"teacher": teacher, **answers}
        self.said = {name: said(one[at], labels, teacher[at]) for name, one in every.items()}


def _alike(
    inputs: Sequences, teacher: Iterator[Any], answers: Mapping[str, Iterator[Tensor]]
) -> Iterator[_Batch]:
    """Yield the batches, which every model makes of the rows in the same way."""
    start = 0
    for logits, *others in zip(teacher, *answers.values(), strict=True):
        end = start + len(logits)
        batch = dict(zip(answers, others, strict=True))
        yield _Batch(inputs[start:end], torch.as_tensor(logits).cpu(), batch)
        start = end


def _teacher(
    refs: Sequence[TeacherRef], combination: "Combination", encoder: SequenceEncoder
) -> Any:
    how = How(augmentation="none", seed=0, batch_size=BATCH_SIZE)
    opened = tuple(open_teacher(ref, how, encoder) for ref in refs)
    return opened[0] if len(opened) == 1 else Ensemble(opened, combination)


def _flat(predictions: pl.DataFrame, name: str) -> Any:
    values = predictions[name].explode(empty_as_null=False).to_numpy()
    return values.astype(np.float64) if values.dtype == np.float32 else values


def _type(name: str) -> pl.List:
    whole = name == "labels" or name.endswith("_top")
    return pl.List(pl.Int64() if whole else pl.Float32())
