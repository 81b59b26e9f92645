"""Mixtures: named terms and their weights in, one loss out.

    hard_weight * cross-entropy + (1 - hard_weight) * sum_t weight_t * mean(term_t)

`HardLabels` is what a model learns from without a teacher; with one term `Mixture` is Hinton's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.objectives.feature_batch import Features
from stillroom.objectives.feature_terms import FeatureTerm, Project
from stillroom.objectives.gathered_logits import Gathered, gather
from stillroom.objectives.missing_mass import UNLABELLED
from stillroom.objectives.response_terms import Term, hard_cross_entropy
from stillroom.objectives.soft_target import SoftTarget

WeightedFeature = tuple[float, FeatureTerm]


@dataclass(frozen=True, slots=True)
class HardLabels:
    """Cross-entropy with hard labels alone."""

    smoothing: float = 0.0

    def __call__(
        self,
        logits: Tensor,
        labels: Tensor,
        target: SoftTarget | None,
        counts: "Counts | None" = None,
    ) -> Tensor:
        """Return what rows add to the mean loss of a batch; the target is not looked at."""
        over = None if counts is None else counts.labelled
        return hard_cross_entropy(logits, labels, self.smoothing, over)


@dataclass(frozen=True, slots=True)
class Counts:
    """Over how many rows means are taken: of a part of a batch, those of the whole.

    Attributes:
        rows: that are answered: inputs, or of sequences the places that are asked.
        labelled: those of them that have a label.
        inputs: whose features are compared.
    """

    rows: int
    labelled: int
    inputs: int

    @classmethod
    def of(cls, labels: Tensor, inputs: int | None = None) -> "Counts":
        """Count a batch's rows, [N]; of sequences there are fewer inputs than rows."""
        rows = len(labels)
        return cls(rows, int((labels != UNLABELLED).sum()), rows if inputs is None else inputs)

    @classmethod
    def summed(cls, several: Iterable["Counts"]) -> "Counts":
        """Return the counts of several sets of rows together."""
        every = list(several)
        return cls(
            sum(one.rows for one in every),
            sum(one.labelled for one in every),
            sum(one.inputs for one in every),
        )


@dataclass(frozen=True, slots=True)
class Mixture:
    """Soft terms, mixed with hard labels.

    Each is a mean over the rows that it applies to, so that rows without a label neither dilute
    nor inflate what the labelled ones contribute.

    Attributes:
        hard_weight: in [0, 1].
        terms: (weight, term) of each that compares answers.
        features: (weight, term) of each that compares features.
    """

    hard_weight: float
    terms: tuple[tuple[float, Term], ...]
    features: tuple[WeightedFeature, ...] = ()

    @property
    def temperatures(self) -> tuple[float, ...]:
        """At which the target must hold."""
        return tuple(sorted({t for _, term in self.terms for t in term.temperatures}))

    @property
    def student_temperatures(self) -> tuple[float, ...]:
        """At which the student's logits are summed: the labels are learnt at 1."""
        return tuple(sorted({*self.temperatures, *([1.0] if self.hard_weight else [])}))

    def __call__(
        self,
        logits: Tensor,
        labels: Tensor,
        target: SoftTarget | None,
        counts: Counts | None = None,
    ) -> Tensor:
        """Return the mean loss of N rows, or what they add to that of a batch of `counts`."""
        if target is None:
            raise ValueError("distillation needs a soft target for each batch; it was given none")
        counts = counts or Counts.of(labels)
        seen = gather(logits, target, labels, self.temperatures)
        soft = self._soft(seen, target, labels, counts)
        if not self.hard_weight:
            return soft
        hard = hard_cross_entropy(logits, labels, over=counts.labelled)
        return soft + self.hard_weight * hard

    def of(self, seen: Gathered, target: SoftTarget, labels: Tensor, counts: Counts) -> Tensor:
        """Return what some rows add to the mean loss of the batch that they belong to.

        Args:
            seen: all that there is of the logits, at `student_temperatures`.
            target, labels: of the rows.
            counts: of the batch.
        """
        soft = self._soft(seen, target, labels, counts)
        if not self.hard_weight:
            return soft
        hard = torch.where(labels == UNLABELLED, 0.0, -seen.log_q_label(1.0)).sum()
        return soft + self.hard_weight / max(counts.labelled, 1) * hard

    def _soft(self, seen: Gathered, target: SoftTarget, labels: Tensor, counts: Counts) -> Tensor:
        share = (1 - self.hard_weight) / max(counts.rows, 1)
        sums = [share * weight * term(seen, target, labels).sum() for weight, term in self.terms]
        return sum(sums[1:], sums[0]) if sums else seen.head.new_zeros(())

    def of_features(
        self, student: Features, teacher: Features, project: Project, counts: Counts
    ) -> Tensor:
        """Return what some rows' features add to the mean loss of their batch.

        In float32 under autocast too: a distance is a small difference of large products.
        """
        share = (1 - self.hard_weight) / max(counts.inputs, 1)
        student, teacher = student.precise(), teacher.precise()
        with torch.autocast(student.pooled.device.type, enabled=False):
            total = student.pooled.new_zeros(())
            for weight, term in self.features:
                total = total + share * weight * term(student, teacher, project).sum()
        return total


Loss = HardLabels | Mixture
