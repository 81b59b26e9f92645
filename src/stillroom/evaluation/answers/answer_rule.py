"""Answer rules: what a model said and the reference in, whether it is right out.

references ──all_expected──> what each answer must have, or None if the rule cannot use it
answers, expected ──are_right──> right or wrong, one by one
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from unicodedata import normalize

from stillroom.config.schema import Answers


@dataclass(frozen=True, slots=True)
class AnswerRule(ABC):
    """A rule.

    Attributes:
        words: what counts as right, as the page says it.
    """

    words: ClassVar[str]

    @classmethod
    def of(cls, options: Answers) -> "AnswerRule":
        """Return the rule with its options, which were checked with the configuration."""
        return cls()

    @abstractmethod
    def expected(self, reference: str) -> Any | None:
        """Return what an answer must have; None if the reference has nothing to check."""

    def all_expected(self, references: Sequence[str]) -> list[Any | None]:
        """Return of each reference what its answer must have; None if it has nothing to check."""
        return [self.expected(one) for one in references]

    @abstractmethod
    def is_right(self, answer: str, expected: Any) -> bool:
        """Tell whether an answer is right."""

    def are_right(self, answers: Sequence[str], expected: Sequence[Any]) -> list[bool]:
        """Tell of each answer whether it is right."""
        pairs = zip(answers, expected, strict=True)
        return [self.is_right(answer, one) for answer, one in pairs]


def plain_words(text: str) -> str:
    """Return a text in Unicode's form NFC, without case, each run of blanks as one."""
    return " ".join(normalize("NFC", text).casefold().split())


def stands_alone(part: str) -> re.Pattern[str]:
    """Return the pattern of a text that is no part of a longer word or number."""
    return re.compile(rf"(?<!\w){re.escape(part)}(?!\w)")
