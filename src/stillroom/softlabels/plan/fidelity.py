"""Fidelity: sparse distributions beside the full ones in, how far a student is led astray out.

    draws of sparse distributions + Reference ──> Fidelity(mass, squared error, gradient's angle)

What is not stored is filled as the objective does it: `tail_bucket`, `renormalise`, or not at all
where the weights are `unbiased`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.distributions import Distributions, Doubles

MissingMass = Literal["tail_bucket", "renormalise", "unbiased"]
# The gradient of the mean soft loss for some targets, flat: over a student's parameters or logits.
Gradient = Callable[[Distributions, MissingMass], Doubles]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How near sparse labels are to full ones; of several draws, the mean.

    Attributes:
        retained_mass: share of the distributions' mass that is stored as it is.
        weight_sum, weight_sum_deviation: mean and standard deviation of a distribution's weights,
            summed; of a truncated one this is the retained mass.
        squared_error: of a distribution, summed over the classes, averaged.
        gradient_cosine: of the angle between the student's gradients from sparse and full labels.
        gradient_norm_ratio: how long the sparse gradient is, as a share of the full one.
        gradient_error: the length of their difference, as a share of the full one.
    """

    retained_mass: float
    weight_sum: float
    weight_sum_deviation: float
    squared_error: float
    gradient_cosine: float
    gradient_norm_ratio: float
    gradient_error: float

    @property
    def angle(self) -> float:
        """Between the gradients, in degrees."""
        return float(np.degrees(np.arccos(np.clip(self.gradient_cosine, -1, 1))))


class Reference:
    """The full distributions, and the gradient that they give."""

    def __init__(self, full: Distributions, gradient: Gradient) -> None:
        """Compute what everything is compared with.

        Raises:
            SoftLabelError: full labels teach this student nothing, so nothing can be compared.
        """
        self.p, self._gradient = full.dense(), gradient
        self._full = gradient(full, "unbiased")
        self._length = float(np.linalg.norm(self._full))
        if not self._length:
            raise SoftLabelError(
                "the student answers just as the teachers do, so their labels give no gradient to "
                "compare. Plan with another student.seed."
            )

    def fidelity(
        self, draws: Sequence[Distributions], retained_mass: float, missing_mass: MissingMass
    ) -> Fidelity:
        """Return how near one or more draws of sparse distributions come."""
        errors = [((filled(found, missing_mass) - self.p) ** 2).sum(axis=1) for found in draws]
        sums = np.concatenate([found.masses for found in draws])
        compared = np.array([self._compared(found, missing_mass) for found in draws])
        cosine, ratio, apart = compared.mean(axis=0).tolist()
        return Fidelity(
            retained_mass=retained_mass,
            weight_sum=float(sums.mean()),
            weight_sum_deviation=float(sums.std()),
            squared_error=float(np.mean(errors)),
            gradient_cosine=cosine,
            gradient_norm_ratio=ratio,
            gradient_error=apart,
        )

    def _compared(self, found: Distributions, missing_mass: MissingMass) -> list[float]:
        """Return cosine, ratio of lengths and relative difference of one draw's gradient."""
        sparse = self._gradient(found, missing_mass)
        length = float(np.linalg.norm(sparse))
        cosine = float(sparse @ self._full) / (length * self._length) if length else 0.0
        apart = float(np.linalg.norm(sparse - self._full)) / self._length
        return [cosine, length / self._length, apart]


def filled(found: Distributions, missing_mass: MissingMass) -> Doubles:
    """Return the weights [N, C] that a student learns who knows nothing of what is not stored.

    Under `tail_bucket` such a student shares the missing mass evenly among the other classes.
    """
    weights = found.dense()
    if missing_mass == "unbiased":
        return weights
    masses = found.masses[:, None]
    if missing_mass == "renormalise":
        return weights / masses
    absent = np.ones(weights.shape, dtype=bool)
    absent[found.owners, found.ids] = False
    others = absent.sum(axis=1, keepdims=True).clip(min=1)
    return weights + absent * (1 - masses).clip(min=0) / others


def of_uniform_student(found: Distributions, missing_mass: MissingMass) -> Doubles:
    """Return the gradient at the logits of a student who gives each class the same probability.

    Of the mean of sum_i w_i * (log sum exp(z) - z_i) over N positions: (q * sum(w) - w) / N,
    flat [N * C], q = 1/C.
    """
    weights = filled(found, missing_mass)
    evenly = weights.sum(axis=1, keepdims=True) / found.classes
    return np.asarray((evenly - weights).ravel() / max(len(found), 1))
