"""Slice sentences: the slices with larger losses in, sentences for the top of the page out.

slices called out ──┬──> cautions: a class, a size, a condition, or a band of a sure teacher
                    └──> remarks: a band of an unsure teacher, where every student loses more
"""

from stillroom.evaluation.slices.verdicts import SliceVerdict, SliceVerdicts, called_out
from stillroom.reporting.display_names import LONGEST_IN_TEXT, short
from stillroom.reporting.units import NATS, POINTS, Unit, percent

MOST_CAUTIONS = 3


def cautions(verdicts: SliceVerdicts) -> tuple[str, ...]:
    """Return a sentence on each of the worst slices, and how many more there are."""
    called = [one for one in _lost_on(verdicts) if not _is_expected(one, verdicts)]
    sentences = [_sentence(one, verdicts) for one in called[:MOST_CAUTIONS]]
    more = len(called) - len(sentences)
    if more > 0:
        sentences.append(
            f"The same holds for {more} more slice{'s' if more > 1 else ''}: see below."
        )
    return tuple(sentences)


def remarks(verdicts: SliceVerdicts) -> tuple[str, ...]:
    """Return a sentence on each band of confidence whose larger loss was to be expected."""
    return tuple(
        _sentence(one, verdicts) for one in _lost_on(verdicts) if _is_expected(one, verdicts)
    )


def _lost_on(verdicts: SliceVerdicts) -> list[SliceVerdict]:
    """Return the slices that are called out and on which the student clearly loses."""
    return [
        one for one in called_out(verdicts) if one.judgement and one.judgement.loss.is_above_zero
    ]


def _is_expected(one: SliceVerdict, verdicts: SliceVerdicts) -> bool:
    """Tell whether a loss on this slice is no reason to stop.

    Where a teacher is unsure and wrong, every student loses more. And a student that is better than
    its teacher still loses where the teacher is sure and right, since there is nothing to gain.
    """
    return _is_hard(one, verdicts) or (one.kind == "confidence" and verdicts.means.loss <= 0)


def _is_hard(one: SliceVerdict, verdicts: SliceVerdicts) -> bool:
    """Tell whether a slice holds the examples that the teacher finds hard."""
    if one.kind != "confidence" or one.means is None:
        return False
    more_is_better = verdicts.measure == "accuracy"
    return (one.means.teacher < verdicts.means.teacher) == more_is_better


def _sentence(one: SliceVerdict, verdicts: SliceVerdicts) -> str:
    if one.means is None or one.judgement is None:  # a slice that is called out has both
        return ""
    unit = POINTS if verdicts.measure == "accuracy" else NATS
    excess = one.judgement.excess
    return (
        f"{_where(one, verdicts)} the student loses {unit.amount(one.means.loss)} "
        f"against its teacher (all examples: {_overall(verdicts.means.loss, unit)}), which is "
        f"{unit.amount(excess.value)} more than on the rest ({unit.interval(excess)})."
    )


def _where(one: SliceVerdict, verdicts: SliceVerdicts) -> str:
    name = short(one.name, LONGEST_IN_TEXT)
    if one.kind != "confidence" or one.means is None:
        return f"On {name}"
    where = f"Where the teacher is {name.removeprefix('teacher ')}"
    if verdicts.measure == "accuracy" and _is_hard(one, verdicts):
        return f"{where} and is itself right on only {percent(one.means.teacher)},"
    return f"{where},"


def _overall(loss: float, unit: Unit) -> str:
    return unit.amount(loss) if loss >= 0 else f"a gain of {unit.amount(-loss)}"
