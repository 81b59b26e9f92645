"""Evaluation of language models: the test split through every model, position by position.

test sequences ──each model, the same batches──> logits ──said──> predictions, a list per row
predictions ──TokenAnswers──> metrics, evidence, reliability
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillroom.data.encoders import SequenceEncoder
from stillroom.data.encoders.sequences import LABELS, Sequences, Task
from stillroom.evaluation.calibration import reliability_of
from stillroom.evaluation.runs import CONTROL, STUDENT, TEACHER, of_name
from stillroom.evaluation.statistics.evidence import Choices, Marks
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.tokens import Said, said, text_quality, token_quality
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


@dataclass(frozen=True, slots=True)
class TokenAnswers:
    """What every run says at each position of the test split, read back.

    Attributes:
        labels: [M], position after position.
        lengths: [N], positions of each sequence.
        text_bytes: of the text that the sequences are of.
        arms: of each arm its runs, by seed number.
    """

    labels: NDArray[np.int64]
    lengths: NDArray[np.int64]
    text_bytes: int
    arms: dict[str, list[Said]]

    @classmethod
    def of_frame(cls, predictions: pl.DataFrame) -> "TokenAnswers":
        """Read what `predict_tokens` returned."""
        names = [one.removesuffix("_nll") for one in predictions.columns if one.endswith("_nll")]
        arms: dict[str, list[Said]] = {}
        for name in sorted(names, key=lambda name: of_name(name).number):
            found = Said(*(_flat(predictions, f"{name}_{what}") for what in SAID))
            arms.setdefault(of_name(name).arm, []).append(found)
        return cls(
            _flat(predictions, "labels"),
            predictions["labels"].list.len().to_numpy().astype(np.int64),
            int(predictions["bytes"].sum()),
            arms,
        )

    def marks(self) -> dict[str, Marks]:
        """Return what each arm got."""
        score = partial(Scores.of_sequences, lengths=self.lengths)
        return {arm: self._choices(arm).marks(score) for arm in self.arms}

    def _choices(self, arm: str) -> Choices:
        (teacher,), runs = self.arms[TEACHER], self.arms[arm]
        return Choices(
            right=np.stack([one.top == self.labels for one in runs]),
            log_likelihood=np.stack([-one.nll for one in runs]),
            confidence=np.stack([one.confidence for one in runs]),
            agrees=np.stack([one.top == teacher.top for one in runs]),
        )


def measure_tokens(answers: TokenAnswers, task: Task, bins: int) -> Numbers:
    """Return the metrics of each arm, means over its runs, and what the teacher brought.

    Args:
        answers: of the test split.
        task: what was asked.
        bins: of the calibration error.
    """
    (teacher,) = answers.arms[TEACHER]
    metrics: Numbers = {}
    for arm, runs in answers.arms.items():
        measured = [asdict(token_quality(one, teacher, answers.labels, bins)) for one in runs]
        if task == "next_token":
            for one, found in zip(runs, measured, strict=True):
                found |= asdict(text_quality(one, answers.text_bytes))
        metrics[arm] = {name: fmean(one[name] for one in measured) for name in measured[0]}
    student, control = metrics[STUDENT], metrics[CONTROL]
    metrics["gain"] = {
        "accuracy": student["accuracy"] - control["accuracy"],
        "nll": control["nll"] - student["nll"],
    }
    return metrics


def reliability_of_tokens(answers: TokenAnswers, bins: int) -> Records:
    """Return the records of the reliability diagram, of the first run of each arm."""
    return [
        record
        for arm, (first, *_) in answers.arms.items()
        for record in reliability_of(arm, first.confidence, first.top == answers.labels, bins)
    ]


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
