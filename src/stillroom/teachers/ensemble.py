"""Ensembles at capture: the full logits of several teachers in, those of one teacher out.

    inputs ──each member──> logits ──mean of probabilities, or of logits──> log p

Top-k heads, and the geometric mean of unbiased labels, cannot be combined later, so they need this.
With another member or weight the ensemble is another teacher: all answers must be captured again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.softlabels.capture.promises import Promises
from stillroom.softlabels.capture.sparsify_rows import on_cpu
from stillroom.softlabels.columns.distributions import log_softmax
from stillroom.softlabels.format.ensemble_combination import Combination, require_combinable
from stillroom.softlabels.format.pooled_features import WithFeatures
from stillroom.softlabels.reading.ensemble_mean import ensemble_log_p
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.teachers.stored_teachers import open_teacher
from stillroom.teachers.teacher import (
    CaptureSettings,
    Execution,
    Identity,
    Teacher,
    TeacherMember,
    TeacherRef,
)

BATCH_SIZE = 256


@dataclass(frozen=True)
class Ensemble(Teacher):
    """Several teachers with equal preprocessing, combined into one."""

    members: tuple[Teacher, ...]
    combination: Combination

    def __post_init__(self) -> None:
        """Refuse members that need different inputs.

        Raises:
            ModelError: the encoders of the members differ.
            SoftLabelError: the numbers of weights and members differ.
        """
        require_combinable([Full()] * len(self.members), self.combination)
        if any(member.encoder != self.members[0].encoder for member in self.members):
            raise ModelError(
                "The teachers encode their inputs differently, but an ensemble that is combined at "
                "capture has one input. Set softlabels.combine=read."
            )

    @property
    def encoder(self) -> Encoder:  # type: ignore[override]
        """The encoder of all members."""
        return self.members[0].encoder

    @property
    def how(self) -> CaptureSettings:  # type: ignore[override]
        """The settings of the capture, with the packages of all members."""
        packages = {name for member in self.members for name in member.how.packages}
        return replace(self.members[0].how, packages=tuple(sorted(packages)))

    @property
    def identity(self) -> Identity:  # type: ignore[override]
        """The hashes of the members, joined by "+"."""
        identities = [member.identity for member in self.members]
        return Identity(
            "+".join(one.weights for one in identities),
            "+".join(one.architecture for one in identities),
        )

    @property
    def promises(self) -> Promises:  # type: ignore[override]
        """What every member promises."""
        return Promises(
            repeatable=all(member.promises.repeatable for member in self.members),
            exact=all(member.promises.exact for member in self.members),
        )

    @property
    def execution(self) -> Execution:
        """That of the members; where they differ, each of them, joined by "+"."""
        each = [member.execution for member in self.members]
        return Execution(
            "+".join(dict.fromkeys(one.dtype for one in each)),
            "+".join(dict.fromkeys(one.device for one in each)),
            tuple(dict.fromkeys(name for one in each for name in one.libraries)),
            "+".join(dict.fromkeys(one.method for one in each)),
        )

    def keeping(self, sparsifier: Sparsifier) -> TeacherMember:
        """Return the ensemble as a member of a set, whose capture names this sparsifier."""
        capture = super().keeping(sparsifier).capture
        return TeacherMember(self, replace(capture, ensemble=self.combination))

    def answer(self, inputs: NDArray[Any]) -> Iterator[Any]:
        """Yield the log-probabilities of the ensemble, [n, C] or [n, positions, C], float32."""
        for answers in _aligned([member.answer(inputs) for member in self.members]):
            yield self._combined(answers)

    def answer_with_features(self, inputs: NDArray[Any]) -> Iterator[WithFeatures]:
        """Yield log-probabilities, with the pooled features of the members side by side."""
        import torch

        every = [member.answer_with_features(inputs) for member in self.members]
        for answers in zip(*every, strict=True):
            features = torch.cat([torch.as_tensor(answer.features) for answer in answers], dim=1)
            logits = self._combined([answer.logits for answer in answers])
            yield WithFeatures(logits, features, answers[0].pieces)

    def _combined(self, answers: Sequence[Any]) -> Any:
        import torch

        tensors = [torch.as_tensor(logits) for logits in answers]
        device = tensors[0].device  # teachers may answer on different ones
        log_p = [logits.to(device).double().log_softmax(dim=-1) for logits in tensors]
        return ensemble_log_p(log_p, self.combination).float()


def _aligned(answers: Sequence[Iterator[Any]]) -> Iterator[tuple[Any, ...]]:
    """Yield the same rows of every teacher, though each has batches of its own size."""
    waiting: list[Any] = [()] * len(answers)
    while True:
        for number, batches in enumerate(answers):
            while not len(waiting[number]):
                batch = next(batches, None)
                if batch is None:
                    break
                waiting[number] = batch
        lengths = [len(rows) for rows in waiting]
        count = min(lengths)
        if not count:
            if any(lengths):
                raise ModelError(
                    "The teachers answered different numbers of inputs. Each `answer` must yield "
                    "one row for each input."
                )
            return
        yield tuple(rows[:count] for rows in waiting)
        waiting = [rows[count:] for rows in waiting]


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
