"""Inference of language models: sequences in, batches with the logits of every model out.

sequences ──batching_order──> batches of equal length ──each model──> LogitsBatch: labels, logits
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillroom.data.encoders import SequenceEncoder
from stillroom.data.text.token_layout import LABELS, Sequences
from stillroom.evaluation.arms import TEACHER
from stillroom.models.forward.sequence_logits import batch_keys, batches_of_token_logits
from stillroom.models.pretrained.model_directory import load_model
from stillroom.teachers.ensemble import Ensemble
from stillroom.teachers.stored_teachers import open_teacher
from stillroom.teachers.teacher import CaptureSettings, Teacher, TeacherRef

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stillroom.softlabels.format.ensemble_combination import Combination

BATCH_SIZE = 8
# Of one model in one batch: 512 MB in float32. With 262,144 tokens one sequence of 512 has as many.
LOGITS = 2**27


@dataclass(frozen=True, slots=True)
class LogitsBatch:
    """The logits of every model for the same rows.

    Attributes:
        labels: for each row, the labels of its labelled positions.
        logits: by model, [n, positions, V]; the labelled positions of a row come first.
    """

    labels: list[NDArray[np.int32]]
    logits: dict[str, Tensor]

    @property
    def bounds(self) -> NDArray[np.int64]:
        """Where each row but the last ends, as an index into the labelled positions of all rows."""
        return np.cumsum([len(row) for row in self.labels])[:-1]

    @property
    def flat_labels(self) -> Tensor:
        """The labels of all rows, [M]."""
        return torch.from_numpy(np.concatenate(self.labels)).long()

    def of(self, name: str) -> Tensor:
        """Return a copy of a model's logits at the labelled positions, [M, V]."""
        logits = self.logits[name]
        lengths = np.array([len(row) for row in self.labels])
        return logits[torch.from_numpy(np.arange(logits.shape[1]) < lengths[:, None])]


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """Every model that is evaluated.

    Attributes:
        teacher: one teacher, or an ensemble that answers as one.
        students: the students, by the names of their runs.
        outputs: V, the number of tokens in the vocabulary.
        batch_size: the number of sequences of full length in a batch.
    """

    teacher: Teacher
    students: "dict[str, PreTrainedModel]"
    outputs: int
    batch_size: int

    @classmethod
    def opened(
        cls,
        encoder: SequenceEncoder,
        refs: Sequence[TeacherRef],
        combination: "Combination",
        students: Mapping[str, Path],
    ) -> "LanguageModels":
        """Load all models.

        Raises:
            ModelError: a model cannot be opened.
        """
        size = batch_size_for(encoder)
        how = CaptureSettings(augmentation="none", seed=0, batch_size=size)
        members = tuple(open_teacher(ref, how, encoder) for ref in refs)
        return cls(
            members[0] if len(members) == 1 else Ensemble(members, combination),
            {name: load_model(path) for name, path in students.items()},
            encoder.outputs,
            size,
        )

    def batches(self, inputs: Sequences) -> Iterator[LogitsBatch]:
        """Yield the logits of all models; all of them split the rows into the same batches."""
        answers: list[Iterator[Any]] = [
            batches_of_token_logits(model, inputs, self.batch_size, self.outputs)
            for model in self.students.values()
        ]
        start = 0
        for of_teacher, *others in zip(self.teacher.answer(inputs), *answers, strict=True):
            rows = inputs[start : start + len(of_teacher)]
            of_students = dict(zip(self.students, others, strict=True))
            yield LogitsBatch(
                [row[row >= 0] for row in rows[:, LABELS]],
                {TEACHER: torch.as_tensor(of_teacher).cpu(), **of_students},
            )
            start += len(of_teacher)


def batch_size_for(encoder: SequenceEncoder) -> int:
    """Return how many sequences of full length are in a batch, so that their logits fit."""
    return max(1, min(BATCH_SIZE, LOGITS // (encoder.length * encoder.outputs)))


def batching_order(inputs: Sequences) -> list[int]:
    """Return the row indices in an order that groups rows with the same batch key.

    A batch ends where the key changes, and copies of a row fill the rest of it: without this order,
    73 sequences of running text made 27 batches of 8.
    """
    return sorted(range(len(inputs)), key=batch_keys(inputs).__getitem__)
