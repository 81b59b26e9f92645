"""Term kinds: what a term of the objective needs, and how it is built.

    objective.terms.<name> ──registry──> kind ──options in the section objective──> term

A kind is one class: a frozen pydantic dataclass whose fields are the options of the term, which
stand flat in the section `objective`. A module of a kind does not import PyTorch at its top,
because the checks of the configuration load it.
"""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from stillroom.objectives.feature_batch import ChooseStates
    from stillroom.objectives.feature_losses import FeatureTerm
    from stillroom.objectives.missing_mass_treatment import Treatment
    from stillroom.objectives.response_losses import Term

TAIL_BUCKET = "tail_bucket"  # the treatment of missing mass that gives the tail its probability


class TermKind(ABC):
    """A kind of term.

    Attributes:
        compares: the teacher's answers, or its hidden states.
    """

    compares: ClassVar[Literal["answers", "features"]]


class AnswerTermKind(TermKind):
    """A kind of term that compares answers: the student's logits with a soft target.

    Attributes:
        needs_head: it needs the most probable entries and the mass of the rest, which unbiased
            soft labels do not hold.
        needs_support: it is infinite where the target has no probability but the student has, so
            the mass that was not stored must have a probability.
        fixed_temperature: the one temperature at which it reads the target; None: the objective's.
        treats_missing: it has a treatment of the missing mass of its own.
        is_linear: it is linear in the target, so unbiased soft labels give an unbiased loss.
    """

    compares = "answers"
    needs_head: ClassVar[bool] = False
    needs_support: ClassVar[bool] = False
    fixed_temperature: ClassVar[float | None] = None
    treats_missing: ClassVar[bool] = False
    is_linear: ClassVar[bool] = False

    @abstractmethod
    def build(self, temperature: float, treatment: "Treatment") -> "Term":
        """Return the term for targets that are whole or truncated.

        Args:
            temperature: T > 0, of the objective.
            treatment: how the probability that a target does not hold is treated.
        """

    def build_unbiased(self, temperature: float) -> "Term":
        """Return the term for targets of unbiased weights; not for a kind that `needs_head`."""
        from stillroom.objectives.missing_mass_treatment import renormalise

        return self.build(temperature, renormalise)


class FeatureTermKind(TermKind):
    """A kind of term that compares features: the hidden states of student and teacher.

    Attributes:
        needs_positions: it compares the states at each position, so their average is not enough.
    """

    compares = "features"
    needs_positions: ClassVar[bool] = False

    @abstractmethod
    def build(self, choose: "ChooseStates") -> "FeatureTerm":
        """Return the term.

        Args:
            choose: returns the states that `objective.positions` names: pooled, or each position.
        """
