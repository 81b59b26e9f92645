"""Combination: how several teachers are combined; an inexact combination is refused.

mean of probabilities   linear: exact for whole distributions, unbiased for unbiased ones
mean of logits          the geometric mean: exact only for whole distributions
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.errors import SoftLabelError
from stillroom.io.json.validated_json import STRICT_FINITE
from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

Mean = Literal["probability", "logit"]
AT_CAPTURE = (
    "Set softlabels.combine=capture, which combines the teachers on their full logits, or "
    "softlabels.sparsifier=full."
)


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class Combination:
    """How the members of a set are combined into one distribution.

    Attributes:
        mean: the mean of probabilities, or of logits, which are then normalised.
        shares: one per member; each is above 0, and they sum to one.
    """

    mean: Mean
    shares: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1)]

    @classmethod
    def of(cls, mean: Mean, weights: Sequence[float]) -> "Combination":
        """Return the combination whose shares are proportional to `weights`."""
        return cls(mean=mean, shares=tuple(float(w) / sum(weights) for w in weights))


def require_combinable(sparsifiers: Sequence[Sparsifier], combination: Combination) -> None:
    """Refuse a combination that the stored labels can give neither exactly nor without bias.

    Raises:
        SoftLabelError: the error explains why, and what to do instead.
    """
    if len(sparsifiers) != len(combination.shares):
        raise SoftLabelError(
            f"there are {len(sparsifiers)} teachers and {len(combination.shares)} weights. "
            "Set softlabels.weights to one number per teacher, or to null for equal weights."
        )
    if len(sparsifiers) == 1:
        return
    contents = [one.content for one in sparsifiers]
    if combination.mean == "logit" and any("logit" not in one.means for one in contents):
        raise SoftLabelError(
            "the mean of logits needs every logit: it is inexact for truncated soft labels and "
            f"biased for unbiased ones. {AT_CAPTURE}"
        )
    if any(combination.mean not in one.means for one in contents):
        raise SoftLabelError(
            f"the mean of {len(sparsifiers)} teachers' largest classes is inexact: one teacher "
            f"may have dropped a class that another kept. {AT_CAPTURE}"
        )
    estimates = [one for one in sparsifiers if one.content is Content.ESTIMATE]
    temperatures = {one.own_temperature for one in estimates}
    if len(temperatures) > 1:
        raise SoftLabelError(
            f"the teachers' soft labels are unbiased at different temperatures: "
            f"{sorted(temperatures)}. Capture them at the same temperature."
        )


def require_same_combination(actual: Combination, expected: Combination) -> None:
    """Refuse a set with an unexpected combination of its members.

    Raises:
        SoftLabelError: the error shows both combinations.
    """
    if actual != expected:
        raise SoftLabelError(
            f"soft labels are combined by the mean of {actual.mean} with shares {actual.shares}, "
            f"but the mean of {expected.mean} with shares {expected.shares} is expected. "
            "Run `kedro run --pipeline=capture`: this change needs no teacher."
        )
