"""Rules of text: the whole answer is the reference, or the reference stands in it."""

from stillroom.evaluation.answers.answer_rule import AnswerRule, plain_words, stands_alone


class Exact(AnswerRule):
    """The answer is the reference."""

    words = "the answer is the reference, regardless of case and of how many blanks there are"

    def expected(self, reference: str) -> str | None:
        """Return the reference without case and further blanks; None if nothing is left."""
        return plain_words(reference) or None

    def is_right(self, answer: str, expected: str) -> bool:
        """Tell whether both are equal."""
        return plain_words(answer) == expected


class Contains(AnswerRule):
    """The reference stands in the answer."""

    words = (
        "the reference stands in the answer, as words of their own (7 does not stand in 70), "
        "regardless of case and of how many blanks there are"
    )

    def expected(self, reference: str) -> str | None:
        """Return the reference without case and further blanks; None if nothing is left."""
        return plain_words(reference) or None

    def is_right(self, answer: str, expected: str) -> bool:
        """Tell whether the answer has it."""
        return stands_alone(expected).search(plain_words(answer)) is not None
