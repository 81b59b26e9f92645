"""Inference of language models: sequences in, logits of teacher and students for each batch out.

sequences ──batching_order──> batches of equal length ──each model──> LogitsBatch
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
from stillroom.teachers.model_teacher import CaptureSettings, ModelTeacher, open_teacher
from stillroom.teachers.teacher_ref import TeacherRef

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from stillroom.softlabels.format.ensemble_combination import Combination

BATCH_SIZE = 8


@dataclass(frozen=True, slots=True)
class LogitsBatch:
    """What every model answers to the same rows.

    Attributes:
        labels: of each row those of the positions where something is asked.
        logits: of each model, [n, positions, V]; the first positions of a row are those.
    """

    labels: list[NDArray[np.int32]]
    logits: dict[str, Tensor]

    @property
    def bounds(self) -> NDArray[np.int64]:
        """Where a row ends and the next one begins, among the positions of all."""
        return np.cumsum([len(row) for row in self.labels])[:-1]

    @property
    def asked(self) -> Tensor:
        """The labels of all rows, [M]."""
        return torch.from_numpy(np.concatenate(self.labels)).long()

    def of(self, name: str) -> Tensor:
        """Return a model's logits where something is asked, [M, V]: a copy."""
        logits = self.logits[name]
        lengths = np.array([len(row) for row in self.labels])
        return logits[torch.from_numpy(np.arange(logits.shape[1]) < lengths[:, None])]


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """Every model that is asked.

    Attributes:
        teacher: one, or several that answer as one.
        students: by the names of their runs.
        outputs: how many tokens an answer spans.
    """

    teacher: ModelTeacher | Ensemble
    students: "dict[str, PreTrainedModel]"
    outputs: int

    @classmethod
    def opened(
        cls,
        encoder: SequenceEncoder,
        refs: Sequence[TeacherRef],
        combination: "Combination",
        students: Mapping[str, Path],
    ) -> "LanguageModels":
        """Load them.

        Raises:
            ModelError: a model cannot be opened.
        """
        how = CaptureSettings(augmentation="none", seed=0, batch_size=BATCH_SIZE)
        members = tuple(open_teacher(ref, how, encoder) for ref in refs)
        return cls(
            members[0] if len(members) == 1 else Ensemble(members, combination),
            {name: load_model(path) for name, path in students.items()},
            encoder.outputs,
        )

    def batches(self, inputs: Sequences) -> Iterator[LogitsBatch]:
        """Yield what all say of the rows, of which every model makes the same batches."""
        answers: list[Iterator[Any]] = [
            batches_of_token_logits(model, inputs, BATCH_SIZE, self.outputs)
            for model in self.students.values()
        ]
        start = 0
        for taught, *others in zip(self.teacher.answer(inputs), *answers, strict=True):
            rows = inputs[start : start + len(taught)]
            said = dict(zip(self.students, others, strict=True))
            yield LogitsBatch(
                [row[row >= 0] for row in rows[:, LABELS]],
                {TEACHER: torch.as_tensor(taught).cpu(), **said},
            )
            start += len(taught)


def batching_order(inputs: Sequences) -> list[int]:
    """Return the rows in an order that brings those of a kind together.

    Where the kind changes, a batch is filled up with rows that go through a model for nothing: of
    73 sequences of running text 27 batches of 8 were made.
    """
    return sorted(range(len(inputs)), key=batch_keys(inputs).__getitem__)
