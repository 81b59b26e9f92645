"""Ensembles that answer as one: several teachers' full logits in, one teacher's logits out.

    inputs ──each member──> logits ──mean of probabilities, or of logits──> log p

For what cannot be combined later: heads of top-k, or a geometric mean of unbiased labels. Another
member or weight is another teacher, whose every answer has to be asked for.
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
from stillroom.softlabels.format.combination import Combination, require_combinable
from stillroom.softlabels.format.pooled_features import WithFeatures
from stillroom.softlabels.sparsify.sparsifiers import Full, Sparsifier
from stillroom.teachers.model_teacher import How, LocalTeacher, open_teacher
from stillroom.teachers.teacher_ref import TeacherRef

if TYPE_CHECKING:
    from stillroom.softlabels.capture.capture import Member
    from stillroom.softlabels.format.fingerprint import Capture

BATCH_SIZE = 256


@dataclass(frozen=True, slots=True)
class KeptEnsemble:
    """An ensemble and the capture that its answers belong to."""

    ensemble: "Ensemble"
    capture: "Capture"

    @property
    def classes(self) -> int:
        """How many classes an answer spans."""
        return self.ensemble.classes

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield the ensemble's log-probabilities [n, C], and features where kept."""
        if self.capture.features == "none":
            yield from self.ensemble.answer(inputs)
        else:
            yield from self.ensemble.answer_with_features(inputs)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Teachers with equal preprocessing that answer together."""

    members: tuple[LocalTeacher, ...]
    combination: Combination

    def __post_init__(self) -> None:
        """Refuse members that would have to see different inputs.

        Raises:
            ModelError: their encoders differ.
            SoftLabelError: there are not as many weights as members.
        """
        require_combinable([Full()] * len(self.members), self.combination)
        if any(member.encoder != self.members[0].encoder for member in self.members):
            raise ModelError(
                "the teachers encode their inputs differently, and an ensemble that is combined "
                "at capture sees one. Set softlabels.combine=read."
            )

    @property
    def classes(self) -> int:
        """How many classes an answer spans."""
        return self.members[0].classes

    def keeping(self, sparsifier: Sparsifier) -> "Member":
        """Return the ensemble as a member whose capture names this sparsifier."""
        captures = [member.keeping(sparsifier).capture for member in self.members]
        capture = replace(
            captures[0],
            weights="+".join(capture.weights for capture in captures),
            architecture="+".join(capture.architecture for capture in captures),
            ensemble=self.combination,
        )
        return KeptEnsemble(self, capture)

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield the ensemble's log-probabilities [n, C] or [n, positions, C], float32."""
        for answers in zip(*(member.answer(inputs) for member in self.members), strict=True):
            yield self._combined(answers)

    def answer_with_features(self, inputs: NDArray[Any]) -> Iterator[WithFeatures]:
        """Yield the same, with the members' pooled features side by side."""
        import torch

        every = [member.answer_with_features(inputs) for member in self.members]
        for answers in zip(*every, strict=True):
            features = torch.cat([torch.as_tensor(found.features) for found in answers], dim=1)
            yield WithFeatures(self._combined([found.logits for found in answers]), features)

    def _combined(self, answers: Sequence[Any]) -> Any:
        import torch

        logs = torch.stack(
            [torch.as_tensor(logits).double().log_softmax(dim=-1) for logits in answers]
        )
        shares = logs.new_tensor(self.combination.shares)
        weights = shares.reshape(-1, *[1] * (logs.ndim - 1))
        if self.combination.mean == "logit":
            return (logs * weights).sum(dim=0).log_softmax(dim=-1).float()
        return torch.logsumexp(logs + weights.log(), dim=0).float()


def probabilities_of(
    refs: Sequence[TeacherRef],
    combination: Combination,
    encoder: Encoder,
    examples: pl.DataFrame,
) -> NDArray[np.float64]:
    """Ask teachers about some examples and return the ensemble's probabilities, [N, C].

    Raises:
        ModelError: a teacher cannot be loaded, or is of other classes.
    """
    how = How(augmentation="none", seed=0, batch_size=BATCH_SIZE)
    log_p = []
    for ref in refs:
        teacher = open_teacher(ref, how, encoder)
        answers = list(teacher.answer(teacher.encoder.encode(examples)))
        log_p.append(_log_softmax(np.concatenate([on_cpu(part) for part in answers])))
    shares = np.array(combination.shares)[:, None, None]
    if combination.mean == "probability":
        return np.asarray((shares * np.exp(log_p)).sum(axis=0))
    return np.exp(_log_softmax((shares * log_p).sum(axis=0)))


def _log_softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
