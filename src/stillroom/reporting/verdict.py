"""Verdict: metrics and cost in, what they say in careful words out.

One run is one seed. Its words claim a difference only where the draw of the test examples does
not explain it, and they never promise that another seed would say the same. A classifier is judged
by its accuracy, a language model by the NLL of a token.
"""

from dataclasses import dataclass

from stillroom.evaluation.intervals import Z_95
from stillroom.reporting.measures import is_language

Numbers = dict[str, dict[str, int | float]]

ONE_SEED = "one seed; run `make bench` for five"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The finding in a few words, and the sentences that bear it out."""

    headline: str
    sentences: tuple[str, ...]


def verdict(metrics: Numbers, cost: Numbers) -> Verdict:
    """Return the verdict on the distilled student.

    Args:
        metrics: per model its measures, and `gain`, as in metrics.json.
        cost: per model `parameters`, `megabytes` and `ms_per_image`, as in cost.json.
    """
    return Verdict(_headline(metrics), (_difference(metrics), _loss(metrics), _size(metrics, cost)))


def quality_in_words(metrics: Numbers) -> str:
    """Return the finding without what it costs, as a paragraph for the model card."""
    return " ".join((_headline(metrics), _difference(metrics), _loss(metrics)))


def gain_in_words(metrics: Numbers) -> str:
    """Return the finding, the gain, and that it is one seed: two lines of at most 80 letters."""
    gain, margin = _gain_and_margin(metrics)
    told = (
        f"{_nats(gain, '+')} of a token's NLL, ± {margin:.3f}."
        if is_language(metrics)
        else f"{_points(gain, '+')} of accuracy, ± {100 * margin:.1f}."
    )
    return f"{_headline(metrics)} {told}\n{ONE_SEED[0].upper()}{ONE_SEED[1:]}."


def _headline(metrics: Numbers) -> str:
    gain, margin = _gain_and_margin(metrics)
    if gain > margin:
        return "Distillation helped in this run."
    if gain < -margin:
        return "Distillation hurt in this run."
    return "Distillation made no clear difference."


def _difference(metrics: Numbers) -> str:
    gain, margin = _gain_and_margin(metrics)
    beyond = "more than" if abs(gain) > margin else "within what"
    told = _nats if is_language(metrics) else _points
    explained = f"{beyond} the draw of the test examples explains (± {told(margin)})"
    student, control = metrics["student"], metrics["control"]
    if is_language(metrics):
        return (
            f"To the distilled student {_asked(metrics)} of the test split is worth "
            f"{_worth(student)}, to the same student without a teacher {_worth(control)}. The gain "
            f"of {_nats(gain, '+')} is {explained}."
        )
    return (
        f"The distilled student is right on {_percent(student['accuracy'])} of the test "
        f"examples, the same student without a teacher on "
        f"{_percent(control['accuracy'])}. The difference of {_points(gain, '+')} is "
        f"{explained}."
    )


def _loss(metrics: Numbers) -> str:
    student, control = metrics["student"]["nll"], metrics["control"]["nll"]
    agrees = (
        f"agrees with the teacher on {_percent(metrics['student']['agreement'])} of the "
        f"{_answers(metrics)}."
    )
    if is_language(metrics):
        return f"It {agrees}"
    moved = "lower" if student < control else "higher"
    if f"{student:.3f}" == f"{control:.3f}":
        return f"The negative log-likelihood of both is {student:.3f} nats."
    return (
        f"Its negative log-likelihood is {moved}, {student:.3f} nats against {control:.3f}, and it "
        f"{agrees}"
    )


def _size(metrics: Numbers, cost: Numbers) -> str:
    size = cost["teacher"]["parameters"] / cost["student"]["parameters"]
    time = cost["teacher"]["ms_per_image"] / cost["student"]["ms_per_image"]
    good = (
        f"To the teacher {_asked(metrics)} is worth {_worth(metrics['teacher'])}"
        if is_language(metrics)
        else f"The teacher is right on {_percent(metrics['teacher']['accuracy'])}"
    )
    return (
        f"{good}, with {size:,.1f} times the student's parameters and {time:,.1f} times its time "
        f"per {'sequence' if is_language(metrics) else 'image'}."
    )


def _answers(metrics: Numbers) -> str:
    return "tokens" if is_language(metrics) else "examples"


def _asked(metrics: Numbers) -> str:
    return "a token" if "perplexity" in metrics["student"] else "a hidden token"


def _worth(quality: dict[str, int | float]) -> str:
    told = _nats(quality["nll"])
    return f"{told} (perplexity {quality['perplexity']:.2f})" if "perplexity" in quality else told


def _gain_and_margin(metrics: Numbers) -> tuple[float, float]:
    gain = metrics["gain"]
    by = "nll" if is_language(metrics) else "accuracy"
    return gain[by], Z_95 * gain[f"{by}_standard_error"]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _points(share: float, sign: str = "") -> str:
    return f"{100 * share:{sign}.1f} points"


def _nats(value: float, sign: str = "") -> str:
    return f"{value:{sign}.3f} nats"
