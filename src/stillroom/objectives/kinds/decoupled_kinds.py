"""The terms that compare two parts of a distribution apart, each with a weight of its own."""

from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT, Weight
from stillroom.objectives.kinds.term_kind import AnswerTermKind

if TYPE_CHECKING:
    from stillroom.objectives.missing_mass_treatment import Treatment
    from stillroom.objectives.response_losses import DecoupledKD, DecoupledTopK


@dataclass(frozen=True, kw_only=True, config=STRICT)
class DKD(AnswerTermKind):
    """The probability of the label, and the distribution among the other classes.

    Attributes:
        dkd_target: alpha, the weight of the label's probability.
        dkd_others: beta, the weight of the other classes.
    """

    dkd_target: Weight = 1.0
    dkd_others: Weight = 8.0

    treats_missing = True

    def build(self, temperature: float, treatment: "Treatment") -> "DecoupledKD":
        """Return the term, to which the missing mass is one of the other classes."""
        from stillroom.objectives.response_losses import DecoupledKD

        return DecoupledKD(self.dkd_target, self.dkd_others, temperature)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TopKDecoupled(AnswerTermKind):
    """The mass of the head, and the distribution inside the head."""

    needs_head = True
    fixed_temperature = 1.0
    treats_missing = True

    def build(self, temperature: float, treatment: "Treatment") -> "DecoupledTopK":
        """Return the term; the objective's temperature is that of the inside."""
        from stillroom.objectives.response_losses import DecoupledTopK

        return DecoupledTopK(temperature)
