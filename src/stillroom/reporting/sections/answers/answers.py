"""Answers section: how many answers to held-out prompts are right, and some of them."""

from dataclasses import dataclass
from typing import Any

from stillroom.reporting.section import Section

LEFT_OUT = {
    "no_reference": "without a reference (none is recorded, or the turn was cut off or not learnt)",
    "nothing_to_check": "with a reference in which the rule finds nothing to check",
    "too_long": "too long for the positions of a model",
    "not_chosen": "beyond evaluate.answers.prompts, by a hash of their tokens",
}


@dataclass(frozen=True, slots=True)
class Share:
    """The right answers of a model: its name, the share, and the interval."""

    name: str
    right: str
    interval: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A prompt: its end, the reference, and for each model its name, its answer and "right"."""

    prompt: str
    reference: str
    answers: list[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class AnswersView:
    """What the template shows.

    Attributes:
        prompts, max_tokens, rule, words: how answers are checked.
        left_out: how many prompts were not asked, and why; "" for none.
        shares: of each model.
        differences: what the student gains, as sentences.
        shown: some prompts with all answers.
    """

    prompts: int
    max_tokens: int
    rule: str
    words: str
    left_out: str
    shares: list[Share]
    differences: list[str]
    shown: list[Shown]


def build(answers: dict[str, Any]) -> AnswersView | None:
    """Return the table; None if no answers were checked.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    from stillroom.evaluation.answers.answer_evidence import AnswerEvidence
    from stillroom.reporting.display_names import title
    from stillroom.reporting.table_rows import ORDER
    from stillroom.reporting.units import POINTS, percent

    if not answers:
        return None
    evidence = AnswerEvidence.from_json(answers)
    models = [model for model in ORDER if model in evidence.right]
    return AnswersView(
        prompts=evidence.prompts,
        max_tokens=evidence.max_tokens,
        rule=evidence.rule,
        words=evidence.words,
        left_out=", ".join(
            f"{number:,} {LEFT_OUT.get(reason, reason)}"
            for reason, number in evidence.left_out.items()
        ),
        shares=[
            Share(title(model), percent(right.value), POINTS.interval(right))
            for model, right in ((model, evidence.right[model]) for model in models)
        ],
        differences=_differences(evidence),
        shown=[
            Shown(
                one.prompt,
                one.reference,
                [
                    (title(model), one.answers[model], "right" if one.right[model] else "wrong")
                    for model in models
                ],
            )
            for one in evidence.shown
        ],
    )


def _differences(evidence: Any) -> list[str]:
    from stillroom.reporting.units import POINTS

    def between(estimate: Any) -> str:
        return f"{POINTS.amount(estimate.value)} ({POINTS.interval(estimate)})"

    pairs, gain = evidence.pairs, evidence.gain
    sentences = [
        f"Student minus control: {between(gain)}. Only the student is right on "
        f"{pairs.first:,} prompts, only its control on {pairs.second:,} (p = {pairs.p:.3g}, exact "
        "sign test)."
    ]
    if evidence.over_teacher is not None:
        sentences.append(f"Student minus teacher: {between(evidence.over_teacher)}.")
    return sentences


SECTION = Section(
    name="answers", inputs=("answers",), build=build, template="sections/answers.html.j2"
)
