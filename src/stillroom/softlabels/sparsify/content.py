"""Content: what the stored labels of a sparsifier are, in one word.

The checks of the configuration, the mean of several teachers, the objectives and the plan follow
from this word and not from the names of sparsifiers.
"""

from enum import Enum


class Content(Enum):
    """What the stored weights of a distribution are.

    Attributes:
        WHOLE: every class, exact at any temperature.
        HEAD: the most probable classes with their exact probability; the mass of the others is
            known, and is missing. The objective decides how a student treats it.
        ESTIMATE: entries that were drawn at random. Their expectation is the distribution, so on
            average nothing is missing.
    """

    WHOLE = "whole"
    HEAD = "head"
    ESTIMATE = "estimate"

    @property
    def has_head(self) -> bool:
        """Whether the most probable classes and the mass of all others are known."""
        return self is not Content.ESTIMATE

    @property
    def means(self) -> tuple[str, ...]:
        """The means of several teachers that labels give if each teacher is stored separately.

        The mean of heads is inexact, because one teacher may have dropped a class that another
        kept. The mean of logits of estimates is biased.
        """
        return _MEANS[self]


_MEANS: dict[Content, tuple[str, ...]] = {
    Content.WHOLE: ("probability", "logit"),
    Content.HEAD: (),
    Content.ESTIMATE: ("probability",),
}
