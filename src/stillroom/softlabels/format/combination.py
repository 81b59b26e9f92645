"""Combination: how several teachers become one; what would be inexact is refused.

mean of probabilities   linear: exact for whole distributions, unbiased for unbiased ones
mean of logits          the geometric mean: exact for whole distributions alone
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.sparsifiers import Full, Sparsifier, TopK

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)
Mean = Literal["probability", "logit"]
AT_CAPTURE = (
    "Set softlabels.combine=capture, which combines the teachers on their full logits, or "
    "softlabels.sparsifier=full."
)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Combination:
    """How members become one distribution.

    Attributes:
        mean: of probabilities, or of logits and then normalised.
        shares: one per member, above 0, summing to one.
    """

    mean: Mean
    shares: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1)]

    @classmethod
    def of(cls, mean: Mean, weights: Sequence[float]) -> "Combination":
        """Return the combination whose shares are proportional to `weights`."""
        return cls(mean=mean, shares=tuple(float(w) / sum(weights) for w in weights))


def require_combinable(sparsifiers: Sequence[Sparsifier], combination: Combination) -> None:
    """Refuse a combination that what is stored could not give exactly, or without bias.

    Raises:
        SoftLabelError: says which, and what to do instead.
    """
    if len(sparsifiers) != len(combination.shares):
        raise SoftLabelError(
            f"there are {len(sparsifiers)} teachers and {len(combination.shares)} weights. "
            "Give softlabels.weights one for each teacher, or null for equal ones."
        )
    if len(sparsifiers) == 1:
        return
    if combination.mean == "logit" and not all(isinstance(kind, Full) for kind in sparsifiers):
        raise SoftLabelError(
            "the mean of logits needs every logit: of truncated heads it is inexact, and of "
            f"unbiased ones biased. {AT_CAPTURE}"
        )
    if any(isinstance(kind, TopK) for kind in sparsifiers):
        raise SoftLabelError(
            f"the mean of {len(sparsifiers)} teachers' largest classes is inexact: what one of "
            f"them dropped, another kept. {AT_CAPTURE}"
        )
    held = {kind.temperature for kind in sparsifiers if not isinstance(kind, Full | TopK)}
    if len(held) > 1:
        raise SoftLabelError(
            f"the teachers' soft labels are unbiased at different temperatures: {sorted(held)}. "
            "Capture them at one."
        )


def require_same_combination(found: Combination, expected: Combination) -> None:
    """Refuse a set whose members are weighed otherwise than is expected.

    Raises:
        SoftLabelError: with both.
    """
    if found != expected:
        raise SoftLabelError(
            f"soft labels are combined by the mean of {found.mean} with shares {found.shares}, and "
            f"the mean of {expected.mean} with shares {expected.shares} is expected. "
            "Run `kedro run --pipeline=capture`: it asks no teacher about that."
        )
