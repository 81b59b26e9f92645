"""Fidelity: compares sparse distributions, and the gradient they give, with the full ones.

    draws of sparse distributions + Reference ──> Fidelity(mass, squared error, gradient's angle)

The mass that is not stored is treated as the objective treats it: `tail_bucket`, `renormalise`, or
not at all if the weights are `unbiased`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.distributions import Distributions, Doubles

MissingMass = Literal["tail_bucket", "renormalise", "unbiased"]
# The flat gradient of the mean soft loss for some targets, over a student's parameters or logits.
Gradient = Callable[[Distributions, MissingMass], Doubles]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fidelity:
    """How close sparse labels are to the full ones; the mean over several draws.

    Attributes:
        retained_mass: share of the mass that is stored unchanged.
        weight_sum, weight_sum_deviation: mean and standard deviation, over the distributions, of
            the sum of the weights. For truncated distributions the sum is the retained mass.
        squared_error: summed over the classes, averaged over the distributions.
        gradient_cosine: cosine of the angle between the student's gradients from sparse and from
            full labels.
        gradient_norm_ratio: length of the sparse gradient divided by that of the full one.
        gradient_error: length of the difference of the gradients divided by that of the full one.
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
        """The angle between the gradients, in degrees."""
        return float(np.degrees(np.arccos(np.clip(self.gradient_cosine, -1, 1))))


class Reference:
    """The full distributions and the student's gradient from them."""

    def __init__(self, full: Distributions, gradient: Gradient) -> None:
        """Compute the values that sparse distributions are compared with.

        Raises:
            SoftLabelError: full labels give this student no gradient, so nothing can be compared.
        """
        self.p, self._gradient = full.dense(), gradient
        self._full = gradient(full, "unbiased")
        self._length = float(np.linalg.norm(self._full))
        if not self._length:
            raise SoftLabelError(
                "the student gives the same answers as the teachers, so their labels give no "
                "gradient to compare. Set another student.seed for the plan."
            )

    def fidelity(
        self, draws: Sequence[Distributions], retained_mass: float, missing_mass: MissingMass
    ) -> Fidelity:
        """Return how close one or more draws of sparse distributions are to the full ones."""
        errors = [
            ((filled_weights(draw, missing_mass) - self.p) ** 2).sum(axis=1) for draw in draws
        ]
        sums = np.concatenate([draw.masses for draw in draws])
        comparisons = np.array([self._gradient_comparison(draw, missing_mass) for draw in draws])
        cosine, norm_ratio, error = comparisons.mean(axis=0).tolist()
        return Fidelity(
            retained_mass=retained_mass,
            weight_sum=float(sums.mean()),
            weight_sum_deviation=float(sums.std()),
            squared_error=float(np.mean(errors)),
            gradient_cosine=cosine,
            gradient_norm_ratio=norm_ratio,
            gradient_error=error,
        )

    def _gradient_comparison(self, draw: Distributions, missing_mass: MissingMass) -> list[float]:
        """Return cosine, ratio of lengths and relative error of one draw's gradient."""
        sparse = self._gradient(draw, missing_mass)
        length = float(np.linalg.norm(sparse))
        cosine = float(sparse @ self._full) / (length * self._length) if length else 0.0
        error = float(np.linalg.norm(sparse - self._full)) / self._length
        return [cosine, length / self._length, error]


def filled_weights(distributions: Distributions, missing_mass: MissingMass) -> Doubles:
    """Return the weights [N, C] that are the target of a student without prior knowledge.

    Under `tail_bucket` this student spreads the missing mass evenly over the other classes.
    """
    weights = distributions.dense()
    if missing_mass == "unbiased":
        return weights
    masses = distributions.masses[:, None]
    if missing_mass == "renormalise":
        return weights / masses
    is_missing = np.ones(weights.shape, dtype=bool)
    is_missing[distributions.owners, distributions.ids] = False
    others = is_missing.sum(axis=1, keepdims=True).clip(min=1)
    return weights + is_missing * (1 - masses).clip(min=0) / others


def uniform_student_gradient(distributions: Distributions, missing_mass: MissingMass) -> Doubles:
    """Return the gradient at the logits of a student that gives each class the same probability.

    The loss is the mean of sum_i w_i * (log sum exp(z) - z_i) over N positions. Its gradient is
    (q * sum(w) - w) / N, flat [N * C], where q = 1/C.
    """
    weights = filled_weights(distributions, missing_mass)
    even = weights.sum(axis=1, keepdims=True) / distributions.classes
    return np.asarray((even - weights).ravel() / max(len(distributions), 1))
