"""Family: how good each student of one cache is, and what it takes, in; which to consider out.

    Member, … ──records──> one flat record each, with whether it is on the Pareto front

A model is on the front where no other one is as good or better for as little or less. The teacher
is one of them: to ship it is a choice too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stillroom.evaluation.statistics.bootstrap import Estimate

Measure = Literal["accuracy", "nll"]
Records = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A model that one may ship.

    Attributes:
        name: of the student, or `teacher`.
        quality: accuracy, of which more is better, or NLL, of which less is.
        alone: the same of its control; of a teacher its own.
        parameters: how many.
    """

    name: str
    quality: Estimate
    alone: float
    parameters: float


def records(members: Sequence[Member], measure: Measure) -> Records:
    """Return a record of each: what it is like, and whether it is on the front by size."""
    goods = [good_of(measure, one.quality.value) for one in members]
    front = on_front(goods, [one.parameters for one in members])
    return [
        {
            "model": one.name,
            "measure": measure,
            "quality": one.quality.value,
            "low": one.quality.low,
            "high": one.quality.high,
            "alone": one.alone,
            "parameters": one.parameters,
            "front": int(is_on),
        }
        for one, is_on in zip(members, front, strict=True)
    ]


def good_of(measure: str, quality: float) -> float:
    """Return a quality as a number of which more is better."""
    return quality if measure == "accuracy" else -quality


def on_front(goods: Sequence[float], costs: Sequence[float]) -> list[bool]:
    """Return which of N choices no other one beats.

    Args:
        goods: [N], more is better.
        costs: [N], less is better.
    """
    return [
        not any(
            other >= good and less <= cost and (other > good or less < cost)
            for other, less in zip(goods, costs, strict=True)
        )
        for good, cost in zip(goods, costs, strict=True)
    ]
