"""Verdict: what was found out in, what it says in careful words out.

    Evidence, metrics, cost ──> headline, sentences;  what went wrong ──> alarms, which stand first

Words claim a difference only where examples and seeds together leave no doubt of it. A classifier
is judged by its accuracy, a language model by the likelihood of a token. With one seed McNemar's
exact test must agree; of a few examples nothing is claimed, since an interval of few says little.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, STUDENT, TEACHER
from stillroom.evaluation.statistics.comparison import Comparison
from stillroom.evaluation.statistics.evidence import Evidence
from stillroom.reporting.units import NATS, POINTS, Unit, between, counted, percent, whole_percent

Numbers = dict[str, dict[str, int | float]]

FEWEST = 30  # examples that anything is concluded from
SURPRISE = 0.05
# Below this p has no digits: statistics.json keeps six decimals.
LEAST_P = 1e-5
# By less than this no difference is a reason to stop, however clear it is.
LEAST = {POINTS: 0.02, NATS: 0.02}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The finding in a few words, what should stop a reader, and what bears it out."""

    headline: str
    alarms: tuple[str, ...]
    sentences: tuple[str, ...]


def verdict(found: Evidence, metrics: Numbers, cost: Numbers) -> Verdict:
    """Return the verdict on the distilled student.

    Args:
        found: what the test split says.
        metrics: of each arm its measures, as in metrics.json.
        cost: of each model what it takes, as in cost.json.
    """
    sentences = (*_sentences(found, metrics), _size(found, metrics, cost))
    return Verdict(headline(found), tuple(alarms(found)), sentences)


def headline(found: Evidence) -> str:
    """Return the finding in one sentence."""
    unit, gain = unit_of(found), judged(found).gain
    if not _is_clear(found):
        return "No difference that this test set can show."
    if gain.is_above_zero:
        return f"Distillation gained {unit.amount(gain.value)} ({unit.interval(gain)})."
    lost = unit.lost(gain)
    return f"Distillation hurt: {unit.amount(lost.value)} lost ({unit.interval(lost)})."


def _is_clear(found: Evidence) -> bool:
    """Tell whether examples, seeds and, of one seed, the exact test leave no doubt of the gain."""
    is_exact = found.seeds > 1 or all(pair.p < SURPRISE for pair in found.pairs)
    return judged(found).gain.is_clear and is_exact and found.examples >= FEWEST


def quality_in_words(found: Evidence, metrics: Numbers) -> str:
    """Return the finding without what it costs, as a paragraph for the model card."""
    return " ".join((headline(found), *alarms(found), *_sentences(found, metrics)))


def alarms(found: Evidence) -> Iterator[str]:
    """Yield what should stop a reader, whatever the gain is."""
    unit, by = unit_of(found), judged(found)
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
            f"{unit.amount(behind.value)} ({unit.interval(behind)}): means over seeds flatter it."
        )
    if found.nearer.high < -LEAST[POINTS]:
        lost = POINTS.lost(found.nearer)
        yield (
            "The student agrees with its teacher less often than the student alone, who never met "
            f"it, by {POINTS.amount(lost.value)}: the soft labels may not belong to these examples."
        )
    sure = found.overconfidence[STUDENT]
    if sure.low > LEAST[POINTS]:
        yield (
            f"The student is over-confident: it is surer than it is right by "
            f"{POINTS.amount(sure.value)} ({POINTS.interval(sure)})."
        )


def judged(found: Evidence) -> Comparison:
    """Return the comparison that the verdict is about."""
    return found.log_likelihood if found.of_sequences else found.accuracy


def unit_of(found: Evidence) -> Unit:
    """Return what its differences are told in."""
    return NATS if found.of_sequences else POINTS


def of_seeds(found: Evidence) -> str:
    """Return how many seeds there are, in words."""
    return "one seed" if found.seeds == 1 else f"{found.seeds} seeds"


def _sentences(found: Evidence, metrics: Numbers) -> Iterator[str]:
    yield _means(found, metrics)
    yield _doubt(found)
    yield _closed(found)
    if FULL_LOGITS in judged(found).arms:
        yield _kept(found)
    if found.pairs and found.seeds == 1:
        yield _pair(found)
    agrees, unit = metrics[STUDENT], "tokens" if found.of_sequences else "examples"
    yield (
        f"It agrees with the teacher on {percent(agrees['agreement'])} of the {unit}, the student "
        f"alone on {percent(metrics[CONTROL]['agreement'])}."
    )


def _means(found: Evidence, metrics: Numbers) -> str:
    if found.of_sequences:
        told = {arm: _worth(metrics[arm]) for arm in (STUDENT, CONTROL)}
        asked = "a token" if "perplexity" in metrics[STUDENT] else "a hidden token"
        return (
            f"To the distilled student {asked} of the test split is worth {told[STUDENT]}, to the "
            f"same student without a teacher {told[CONTROL]}."
        )
    arms = found.accuracy.arms
    return (
        f"The distilled student is right on {between(arms[STUDENT])} of the test examples, the "
        f"same student without a teacher on {between(arms[CONTROL])}."
    )


def _doubt(found: Evidence) -> str:
    by, unit = judged(found), unit_of(found)
    what = counted(found.examples, found.unit)
    drawn = f"{what} and {of_seeds(found)}"
    if found.seeds == 1:
        drawn = f"{what}; how much of it is the luck of the one seed, they do not tell"
    based = f"Intervals are of 95%, over the draw of {drawn}"
    if _is_clear(found):
        return f"{based}."
    if found.examples < FEWEST:
        return f"{based}. Of fewer than {FEWEST} nothing is concluded."
    if not by.gain.low and not by.gain.high:
        return f"{based}. Student and control are right, and wrong, alike."
    seen = f"{unit.number(by.gain.value)} ({unit.interval(by.gain)}) {unit.name}"
    if by.needed is None:
        return f"{based}. More examples alone cannot show a difference of {seen}; more seeds may."
    return (
        f"{based}. To show a difference as large as the one seen, {seen}, would take about "
        f"{_about(by.needed)} {found.unit}s."
    )


def _closed(found: Evidence) -> str:
    closed = judged(found).closed
    if closed is None and judged(found).gap.is_below_zero:
        return "The teacher is worse than the student alone: there is no gap to close."
    if closed is None:
        return "Between the student alone and the teacher there is no clear gap to close."
    gap = "of the gap from student alone to teacher"
    if not _is_clear(found):
        return f"How much {gap} it closed, this test set cannot show."
    if closed.is_below_zero:
        return f"It closed none {gap}, and made it larger."
    if closed.low > 1:
        return f"It closed all {gap}, and went further."
    return f"It closed {between(closed, whole_percent)} {gap}."


def _kept(found: Evidence) -> str:
    kept = judged(found).kept
    if kept is None:
        return "All of the teacher's logits bring the student nothing clear over the labels alone."
    return (
        "Of what all of the teacher's logits bring over the labels alone, what was stored of them "
        f"brought {between(kept, whole_percent)}."
    )


def _pair(found: Evidence) -> str:
    pair = found.pairs[0]
    p = f"p = {pair.p:.2g}" if pair.p >= LEAST_P else f"p < {LEAST_P:.5f}"
    return (
        f"Of the one seed, the distilled student is right on {counted(pair.first, 'example')} "
        f"that its control has wrong, and wrong on {pair.second:,} that its control has right "
        f"(McNemar's exact test: {p})."
    )


def _size(found: Evidence, metrics: Numbers, cost: Numbers) -> str:
    size = cost[TEACHER]["parameters"] / cost[STUDENT]["parameters"]
    time = cost[TEACHER]["ms_p50"] / cost[STUDENT]["ms_p50"]
    good = (
        f"To the teacher it is worth {_worth(metrics[TEACHER])}"
        if found.of_sequences
        else f"The teacher is right on {between(found.accuracy.arms[TEACHER])}"
    )
    return (
        f"{good}, with {size:,.1f} times the student's parameters and {time:,.1f} times its time "
        f"per {found.unit}."
    )


def _worth(quality: dict[str, int | float]) -> str:
    told = NATS.amount(quality["nll"])
    return f"{told} (perplexity {quality['perplexity']:.2f})" if "perplexity" in quality else told


def _about(count: int) -> str:
    """Return a number to two digits, as an estimate has."""
    digits = max(0, len(str(count)) - 2)
    return f"{round(count, -digits):,}"
