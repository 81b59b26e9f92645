"""Verdict: the evidence of the test split in, careful sentences out.

    Evidence, metrics, cost ──> headline, sentences;  faults ──> cautions, which stand first

The words claim a difference only if examples and seeds together leave no doubt. A classifier is
judged by its accuracy, a language model by the likelihood of a token. With one seed McNemar's exact
test must agree. With few examples nothing is claimed, since their intervals say little.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stillroom.data.notices import counted
from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, STUDENT, TEACHER
from stillroom.evaluation.statistics.comparison import Comparison
from stillroom.evaluation.statistics.evidence import Evidence
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting.units import NATS, POINTS, Unit, between, percent, whole_percent

FEWEST = 30  # the least number of examples from which anything is concluded
SURPRISE = 0.05
# A smaller p is shown without digits, since statistics.json keeps only six decimals.
LEAST_P = 1e-5
# A smaller difference is no reason to stop, even if it is clear.
LEAST = {POINTS: 0.02, NATS: 0.02}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The conclusion in a few words, the reasons not to ship the student, and the evidence."""

    headline: str
    cautions: tuple[str, ...]
    sentences: tuple[str, ...]


def verdict(evidence: Evidence, metrics: GroupedNumbers, cost: GroupedNumbers) -> Verdict:
    """Return the verdict on the distilled student.

    Args:
        evidence: the comparison of the models on the test split.
        metrics: the measures of each arm, as in metrics.json.
        cost: the costs of each model, as in cost.json.
    """
    sentences = (*_sentences(evidence, metrics), _size(evidence, metrics, cost))
    return Verdict(headline(evidence), tuple(cautions(evidence)), sentences)


def headline(evidence: Evidence) -> str:
    """Return the conclusion in one sentence."""
    unit, gain = unit_of(evidence), judged(evidence).gain
    if not _is_clear(evidence):
        return "This test set shows no clear difference."
    if gain.is_above_zero:
        return f"Distillation gained {unit.amount(gain.value)} ({unit.interval(gain)})."
    lost = unit.lost(gain)
    return f"Distillation hurt: {unit.amount(lost.value)} lost ({unit.interval(lost)})."


def _is_clear(evidence: Evidence) -> bool:
    """Tell whether the gain is clear over examples and seeds; one seed needs the exact test too."""
    is_exact = evidence.seeds > 1 or all(pair.p < SURPRISE for pair in evidence.pairs)
    return judged(evidence).gain.is_clear and is_exact and evidence.examples >= FEWEST


def quality_in_words(evidence: Evidence, metrics: GroupedNumbers) -> str:
    """Return the conclusion without the costs, as a paragraph for the model card."""
    return " ".join((headline(evidence), *cautions(evidence), *_sentences(evidence, metrics)))


def cautions(evidence: Evidence) -> Iterator[str]:
    """Yield the reasons not to ship the student, regardless of the gain."""
    unit, by = unit_of(evidence), judged(evidence)
    ahead = by.over_teacher
    if ahead.is_above_zero:
        yield (
            f"The student is better than its teacher, by {unit.amount(ahead.value)} "
            f"({unit.interval(ahead)}): a teacher like this has little to teach."
        )
    elif by.gap.is_below_zero:
        yield "The teacher is worse than the student alone: it has nothing to teach."
    if by.ships is not None and by.ships.high < -LEAST[unit]:
        behind = unit.lost(by.ships)
        yield (
            f"The student that ships is worse than those of the other seeds, by "
            f"{unit.amount(behind.value)} ({unit.interval(behind)}): means over seeds make it look "
            "better."
        )
    if evidence.nearer.high < -LEAST[POINTS]:
        lost = POINTS.lost(evidence.nearer)
        yield (
            "The student agrees with its teacher less often than the student alone, which never "
            f"saw its answers, by {POINTS.amount(lost.value)}: the soft labels may not belong to "
            "these examples."
        )
    sure = evidence.overconfidence[STUDENT]
    if sure.low > LEAST[POINTS]:
        yield (
            f"The student is over-confident: its mean confidence exceeds its accuracy by "
            f"{POINTS.amount(sure.value)} ({POINTS.interval(sure)})."
        )


def judged(evidence: Evidence) -> Comparison:
    """Return the comparison that the verdict is about."""
    return evidence.log_likelihood if evidence.of_sequences else evidence.accuracy


def unit_of(evidence: Evidence) -> Unit:
    """Return the unit of the differences in that comparison."""
    return NATS if evidence.of_sequences else POINTS


def of_seeds(evidence: Evidence) -> str:
    """Return how many seeds there are, in words."""
    return "one seed" if evidence.seeds == 1 else f"{evidence.seeds} seeds"


def _sentences(evidence: Evidence, metrics: GroupedNumbers) -> Iterator[str]:
    yield _means(evidence, metrics)
    yield _doubt(evidence)
    yield _closed(evidence)
    if FULL_LOGITS in judged(evidence).arms:
        yield _kept(evidence)
    if evidence.pairs and evidence.seeds == 1:
        yield _pair(evidence)
    agrees, unit = metrics[STUDENT], "tokens" if evidence.of_sequences else "examples"
    yield (
        f"The distilled student agrees with the teacher on {percent(agrees['agreement'])} of the "
        f"{unit}, the student alone on {percent(metrics[CONTROL]['agreement'])}."
    )


def _means(evidence: Evidence, metrics: GroupedNumbers) -> str:
    if evidence.of_sequences:
        nll = {arm: _nll_in_words(metrics[arm]) for arm in (STUDENT, CONTROL)}
        token = "token" if "perplexity" in metrics[STUDENT] else "hidden token"
        return (
            f"The NLL per {token} of the test split is {nll[STUDENT]} for the distilled student "
            f"and {nll[CONTROL]} for the same student without a teacher."
        )
    arms = evidence.accuracy.arms
    return (
        f"The distilled student is right on {between(arms[STUDENT])} of the test examples, the "
        f"same student without a teacher on {between(arms[CONTROL])}."
    )


def _doubt(evidence: Evidence) -> str:
    by, unit = judged(evidence), unit_of(evidence)
    what = counted(evidence.examples, evidence.unit)
    sample = f"{what} and {of_seeds(evidence)}"
    if evidence.seeds == 1:
        sample = f"{what}, but not for the choice of the one seed"
    based = f"The 95% intervals allow for the random draw of {sample}"
    if _is_clear(evidence):
        return f"{based}."
    if evidence.examples < FEWEST:
        return f"{based}. Nothing is concluded from fewer than {FEWEST} {evidence.unit}s."
    if not by.gain.low and not by.gain.high:
        return f"{based}. Student and control do equally well on every {evidence.unit}."
    difference = f"{unit.number(by.gain.value)} ({unit.interval(by.gain)}) {unit.name}"
    if by.needed is None:
        return (
            f"{based}. More examples would not show a difference of {difference}; more seeds might."
        )
    return (
        f"{based}. To show a difference as large as the observed one, {difference}, it would take "
        f"about {_about(by.needed)} {evidence.unit}s."
    )


def _closed(evidence: Evidence) -> str:
    closed = judged(evidence).closed
    if closed is None and judged(evidence).gap.is_below_zero:
        return "The teacher is worse than the student alone: there is no gap to close."
    if closed is None:
        return "There is no clear gap to close between the student alone and the teacher."
    gap = "of the gap between the student alone and the teacher"
    if not _is_clear(evidence):
        return f"This test set cannot show how much {gap} distillation closed."
    if closed.is_below_zero:
        return f"Distillation closed none {gap}; it made the gap larger."
    if closed.low > 1:
        return f"Distillation closed all {gap} and went beyond it."
    return f"Distillation closed {between(closed, whole_percent)} {gap}."


def _kept(evidence: Evidence) -> str:
    share = judged(evidence).kept
    if share is None:
        return "Even all of the teacher's logits bring no clear gain over hard labels only."
    return (
        f"The stored part of the teacher's logits brought {between(share, whole_percent)} of the "
        "gain that all of them bring over hard labels only."
    )


def _pair(evidence: Evidence) -> str:
    pair = evidence.pairs[0]
    p = f"p = {pair.p:.2g}" if pair.p >= LEAST_P else f"p < {LEAST_P:.5f}"
    return (
        f"With this one seed, the distilled student is right on {counted(pair.first, 'example')} "
        f"where its control is wrong, and wrong on {pair.second:,} where its control is right "
        f"(McNemar's exact test: {p})."
    )


def _size(evidence: Evidence, metrics: GroupedNumbers, cost: GroupedNumbers) -> str:
    size = cost[TEACHER]["parameters"] / cost[STUDENT]["parameters"]
    time = cost[TEACHER]["ms_p50"] / cost[STUDENT]["ms_p50"]
    quality = (
        f"The teacher's NLL is {_nll_in_words(metrics[TEACHER])}"
        if evidence.of_sequences
        else f"The teacher is right on {between(evidence.accuracy.arms[TEACHER])}"
    )
    return (
        f"{quality}, with {size:,.1f} times the student's parameters and {time:,.1f} times its "
        f"time per {evidence.unit}."
    )


def _nll_in_words(quality: dict[str, int | float]) -> str:
    nll = NATS.amount(quality["nll"])
    return f"{nll} (perplexity {quality['perplexity']:.2f})" if "perplexity" in quality else nll


def _about(count: int) -> str:
    """Return a number rounded to two digits, because it is an estimate."""
    digits = max(0, len(str(count)) - 2)
    return f"{round(count, -digits):,}"
