"""Mixtures: terms and their weights in, one loss out.

    hard_weight * cross-entropy + (1 - hard_weight) * sum_t weight_t * mean(term_t)

Without terms it is the loss of a model that learns only from hard labels (`hard_labels`); with one
term it is Hinton's.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.no_label import NO_LABEL
from stillroom.objectives.feature_batch import Features
from stillroom.objectives.feature_losses import FeatureTerm, Project
from stillroom.objectives.gathered_logits import GatheredLogits, gather
from stillroom.objectives.response_losses import Term, hard_cross_entropy
from stillroom.objectives.targets.soft_target import SoftTarget

WeightedFeature = tuple[float, FeatureTerm]


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """The numbers by which means are divided: those of the whole batch, for each micro-batch.

    Attributes:
        rows: the number of answers: one for each input, or for each labelled position of sequences.
        labelled: how many of these rows have a label.
        inputs: the number of inputs, whose features are compared.
    """

    rows: int
    labelled: int
    inputs: int

    @classmethod
    def of(cls, labels: Tensor, inputs: int | None = None) -> "BatchCounts":
        """Count the rows of a batch by their labels [N]; sequences have fewer inputs than rows."""
        rows = len(labels)
        return cls(rows, int((labels != NO_LABEL).sum()), rows if inputs is None else inputs)

    @classmethod
    def summed(cls, several: Iterable["BatchCounts"]) -> "BatchCounts":
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

    Each is a mean over the rows that it applies to, so that rows without a label do not change
    what the labelled rows contribute.

    Attributes:
        hard_weight: the weight of the hard labels, in [0, 1].
        terms: (weight, term) of each term that compares answers.
        features: (weight, term) of each term that compares features.
        smoothing: the share of each hard target's mass that is spread over all classes.
    """

    hard_weight: float
    terms: tuple[tuple[float, Term], ...] = ()
    features: tuple[WeightedFeature, ...] = ()
    smoothing: float = 0.0

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures at which the target is read."""
        return tuple(sorted({t for _, term in self.terms for t in term.temperatures}))

    @property
    def student_temperatures(self) -> tuple[float, ...]:
        """The temperatures at which the student's logits are summed; hard labels use T = 1."""
        return tuple(sorted({*self.temperatures, *([1.0] if self.hard_weight else [])}))

    def __call__(
        self,
        logits: Tensor,
        labels: Tensor,
        target: SoftTarget | None,
        counts: BatchCounts | None = None,
    ) -> Tensor:
        """Return the mean loss of N rows, or what they add to that of a batch of `counts`.

        Raises:
            ValueError: there are terms, and no target.
        """
        counts = counts or BatchCounts.of(labels)
        soft = self._soft_of_logits(logits, labels, target, counts) if self.terms else None
        if not self.hard_weight:
            return logits.new_zeros(()) if soft is None else soft
        hard = self.hard_weight * hard_cross_entropy(
            logits, labels, self.smoothing, over=counts.labelled
        )
        return hard if soft is None else soft + hard

    def of_gathered(
        self, gathered: GatheredLogits, target: SoftTarget, labels: Tensor, counts: BatchCounts
    ) -> Tensor:
        """Return what some rows add to the mean loss of the batch that they belong to.

        It has no smoothing, which needs every logit.

        Args:
            gathered: the student's logits, at `student_temperatures`.
            target: the soft target of the rows.
            labels: the hard labels of the rows.
            counts: the counts of the batch.
        """
        soft = self._soft(gathered, target, labels, counts)
        if not self.hard_weight:
            return soft
        hard = torch.where(labels == NO_LABEL, 0.0, -gathered.log_q_label(1.0)).sum()
        return soft + self.hard_weight / max(counts.labelled, 1) * hard

    def _soft_of_logits(
        self, logits: Tensor, labels: Tensor, target: SoftTarget | None, counts: BatchCounts
    ) -> Tensor:
        if target is None:
            raise ValueError(
                "the loss compares answers and was given no soft target. Give each batch one, or "
                "use a loss without terms."
            )
        gathered = gather(logits, target, labels, self.temperatures)
        return self._soft(gathered, target, labels, counts)

    def _soft(
        self, gathered: GatheredLogits, target: SoftTarget, labels: Tensor, counts: BatchCounts
    ) -> Tensor:
        share = (1 - self.hard_weight) / max(counts.rows, 1)
        sums = [
            share * weight * term(gathered, target, labels).sum() for weight, term in self.terms
        ]
        return sum(sums[1:], sums[0]) if sums else gathered.head.new_zeros(())

    def of_features(
        self, student: Features, teacher: Features, project: Project, counts: BatchCounts
    ) -> Tensor:
        """Return what some rows' features add to the mean loss of their batch.

        The loss of a pack is the mean over its pieces. It uses float32 even under autocast: a
        distance is a small difference of large products.
        """
        share = (1 - self.hard_weight) / max(counts.inputs, 1)
        student, teacher = student.precise(), teacher.precise()
        with torch.autocast(student.pooled.device.type, enabled=False):
            total = student.pooled.new_zeros(())
            for weight, term in self.features:
                rows = student.of_rows(term(student, teacher, project))
                total = total + share * weight * rows.sum()
        return total


def hard_labels(smoothing: float = 0.0) -> Mixture:
    """Return cross-entropy with only hard labels: a mixture without terms."""
    return Mixture(1.0, smoothing=smoothing)
