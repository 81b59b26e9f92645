"""The terms that are a divergence of the teacher's and the student's distributions."""

from abc import abstractmethod
from functools import partial
from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT, Inside
from stillroom.objectives.kinds.term_kind import AnswerTermKind

if TYPE_CHECKING:
    from stillroom.objectives.missing_mass_treatment import Treatment
    from stillroom.objectives.response_losses import Measure, Term


class DivergenceKind(AnswerTermKind):
    """A term T^2 * D(p_T, q_T), which only its divergence D distinguishes from others."""

    @abstractmethod
    def measure(self) -> "Measure":
        """Return the divergence, a function of log p and log q [N, m] that returns [N]."""

    def measure_of_whole(self) -> "Measure | None":
        """Return an equal divergence for targets that hold every class, if there is a faster one.

        See `Divergence.measure_of_whole`.
        """
        return None

    def build(self, temperature: float, treatment: "Treatment") -> "Term":
        """Return the divergence at a temperature."""
        from stillroom.objectives.response_losses import Divergence

        return Divergence(self.measure(), treatment, temperature, self.measure_of_whole())


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ForwardKL(DivergenceKind):
    """KL(p || q)."""

    is_linear = True

    def measure(self) -> "Measure":
        """Return `divergences.forward_kl`."""
        from stillroom.objectives.divergences import forward_kl

        return forward_kl

    def measure_of_whole(self) -> "Measure":
        """Return the same as a cross-entropy, with fewer steps for autograd."""
        from stillroom.objectives.divergences import cross_entropy_gap

        return cross_entropy_gap

    def build_unbiased(self, temperature: float) -> "Term":
        """Return the cross-entropy with the weights; its gradient is the KL's on average."""
        from stillroom.objectives.response_losses import SoftCrossEntropy

        return SoftCrossEntropy(temperature)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ReverseKL(DivergenceKind):
    """KL(q || p)."""

    needs_head = True
    needs_support = True

    def measure(self) -> "Measure":
        """Return `divergences.reverse_kl`."""
        from stillroom.objectives.divergences import reverse_kl

        return reverse_kl


@dataclass(frozen=True, kw_only=True, config=STRICT)
class JensenShannon(DivergenceKind):
    """The generalised Jensen-Shannon divergence.

    Attributes:
        js_share: beta, the teacher's share of the middle.
    """

    js_share: Inside = 0.5

    def measure(self) -> "Measure":
        """Return `divergences.jensen_shannon`."""
        from stillroom.objectives.divergences import jensen_shannon

        return partial(jensen_shannon, beta=self.js_share)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SkewKL(DivergenceKind):
    """KL(p || alpha p + (1 - alpha) q).

    Attributes:
        skew: alpha.
    """

    skew: Inside = 0.1

    def measure(self) -> "Measure":
        """Return `divergences.skew_kl`."""
        from stillroom.objectives.divergences import skew_kl

        return partial(skew_kl, alpha=self.skew)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class SkewReverseKL(DivergenceKind):
    """KL(q || alpha q + (1 - alpha) p).

    Attributes:
        skew: alpha.
    """

    skew: Inside = 0.1

    def measure(self) -> "Measure":
        """Return `divergences.skew_reverse_kl`."""
        from stillroom.objectives.divergences import skew_reverse_kl

        return partial(skew_reverse_kl, alpha=self.skew)
