"""Ensembles at capture: the full logits of several teachers in, those of one teacher out.

    inputs ──each member──> logits ──mean of probabilities, or of logits──> log p

For what cannot be combined later: top-k heads, or a geometric mean of unbiased labels. With another
member or weight the ensemble is another teacher, and all its answers must be captured again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.softlabels.capture.sparsify_rows import on_cpu
from stillroom.softlabels.format.distributions import log_softmax
from stillroom.softlabels.format.ensemble_combination import Combination, require_combinable
from stillroom.softlabels.format.pooled_features import WithFeatures
from stillroom.softlabels.reading.ensemble_mean import ensemble_log_p
from stillroom.softlabels.sparsify.sparsifiers import Full, Sparsifier
from stillroom.teachers.model_teacher import (
    CaptureSettings,
    ModelTeacher,
    TeacherMember,
    open_teacher,
)
from stillroom.teachers.teacher_ref import TeacherRef

if TYPE_CHECKING:
    from stillroom.softlabels.capture.capture import Member

BATCH_SIZE = 256


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Several teachers with equal preprocessing, combined into one."""

    members: tuple[ModelTeacher, ...]
    combination: Combination

    def __post_init__(self) -> None:
        """Refuse members that need different inputs.

        Raises:
            ModelError: the encoders of the members differ.
            SoftLabelError: the number of weights is not the number of members.
        """
        require_combinable([Full()] * len(self.members), self.combination)
        if any(member.encoder != self.members[0].encoder for member in self.members):
            raise ModelError(
                "The teachers encode their inputs differently, but an ensemble that is combined at "
                "capture has one input. Set softlabels.combine=read."
            )

    @property
    def classes(self) -> int:
        """How many classes or tokens an output has."""
        return self.members[0].classes

    def keeping(self, sparsifier: Sparsifier) -> "Member":
        """Return the ensemble as a member of a set, whose capture names this sparsifier."""
        captures = [member.keeping(sparsifier).capture for member in self.members]
        capture = replace(
            captures[0],
            weights="+".join(capture.weights for capture in captures),
            architecture="+".join(capture.architecture for capture in captures),
            ensemble=self.combination,
        )
        return TeacherMember(self, capture)

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield the log-probabilities of the ensemble, [n, C] or [n, positions, C], float32."""
        for answers in zip(*(member.answer(inputs) for member in self.members), strict=True):
            yield self._combined(answers)

    def answer_with_features(self, inputs: NDArray[Any]) -> Iterator[WithFeatures]:
        """Yield log-probabilities, with the pooled features of the members side by side."""
        import torch

        every = [member.answer_with_features(inputs) for member in self.members]
        for answers in zip(*every, strict=True):
            features = torch.cat([torch.as_tensor(answer.features) for answer in answers], dim=1)
            yield WithFeatures(self._combined([answer.logits for answer in answers]), features)

    def _combined(self, answers: Sequence[Any]) -> Any:
        import torch

        log_p = [torch.as_tensor(logits).double().log_softmax(dim=-1) for logits in answers]
        return ensemble_log_p(log_p, self.combination).float()


def ensemble_probabilities(
    refs: Sequence[TeacherRef],
    combination: Combination,
    encoder: Encoder,
    examples: pl.DataFrame,
) -> NDArray[np.float64]:
    """Run teachers on some examples and return the probabilities of the ensemble, [N, C].

    Raises:
        ModelError: a teacher cannot be loaded, or has other classes.
    """
    how = CaptureSettings(augmentation="none", seed=0, batch_size=BATCH_SIZE)
    log_p = []
    for ref in refs:
        teacher = open_teacher(ref, how, encoder)
        answers = list(teacher.answer(teacher.encoder.encode(examples)))
        log_p.append(log_softmax(np.concatenate([on_cpu(part) for part in answers])))
    return np.exp(ensemble_log_p(log_p, combination))
