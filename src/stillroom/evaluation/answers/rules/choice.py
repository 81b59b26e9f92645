"""The rule of choices: the first label in the answer is the first label in the reference.

"(B) Paris", "B", "The answer is B." ──first_label──> B
"A good guess is B." ──> B: an A or I before a word in small letters is a word, not a label
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from stillroom.config.schema import Answers
from stillroom.evaluation.answers.answer_rule import AnswerRule

# After these words a letter is a label: "A is right", "A because …".
_AFTER_LABEL = "and|as|because|is|or|seems|since|was"
_ARTICLE = re.compile(rf"[AI](?=\s+(?!(?:{_AFTER_LABEL})\b)[^\W\d_A-Z])")


@dataclass(frozen=True, slots=True)
class Choice(AnswerRule):
    """The first labels are equal.

    Attributes:
        labels: the labels; single letters count only as they are written, longer ones in any case.
    """

    labels: tuple[str, ...] = ()

    words = "the first label of evaluate.answers.choices in the answer is that of the reference"

    @classmethod
    def of(cls, options: Answers) -> "Choice":
        """Return the rule for the labels of `evaluate.answers.choices`."""
        return cls(tuple(options.choices or ()))

    def expected(self, reference: str) -> str | None:
        """Return the first label; None if there is none."""
        return first_label(reference, self.labels)

    def is_right(self, answer: str, expected: str) -> bool:
        """Tell whether the answer names the same label first."""
        return first_label(answer, self.labels) == expected


def first_label(text: str, labels: Iterable[str]) -> str | None:
    """Return the first of some labels that stands alone in a text; None if none does."""
    articles = {match.start() for match in _ARTICLE.finditer(text)}
    found = [
        (match.start(), -len(label), label)
        for label in labels
        for match in _pattern(label).finditer(text)
        if len(label) > 1 or match.start() not in articles
    ]
    return min(found)[2] if found else None


def _pattern(label: str) -> re.Pattern[str]:
    flags = re.IGNORECASE if len(label) > 1 else re.NOFLAG
    return re.compile(rf"(?<!\w){re.escape(label)}(?!\w)", flags)
