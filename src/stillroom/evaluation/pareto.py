"""Pareto front: quality and size of each student of one cache in, those worth considering out.

    Member, … ──pareto_records──> one flat record each, with whether it is on the Pareto front

A model is on the front if no other model is at least as good at no larger size, and better in one
of the two. The teacher is included, because it may be shipped too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stillroom.evaluation.statistics.bootstrap import Estimate

Measure = Literal["accuracy", "nll"]
Records = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A model that may be shipped.

    Attributes:
        name: the name of the student, or `teacher`.
        quality: accuracy (more is better) or NLL (less is better).
        alone: the quality of the student's control; for a teacher its own quality.
        parameters: the number of parameters.
    """

    name: str
    quality: Estimate
    alone: float
    parameters: float


def pareto_records(members: Sequence[Member], measure: Measure) -> Records:
    """Return a record of each member: quality, size, and whether it is on the front."""
    goods = [signed_quality(measure, one.quality.value) for one in members]
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


def signed_quality(measure: str, quality: float) -> float:
    """Return a quality with the sign for which more is better."""
    return quality if measure == "accuracy" else -quality


def on_front(goods: Sequence[float], costs: Sequence[float]) -> list[bool]:
    """Return for each of N choices whether no other choice beats it.

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
