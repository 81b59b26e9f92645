"""Slices on which a student loses a given amount, as evaluate writes them."""

import json
from dataclasses import asdict, replace
from typing import Any

from stillroom.evaluation.slices.verdicts import Judgement, Means, SliceVerdict, SliceVerdicts
from stillroom.evaluation.statistics.bootstrap import Estimate


def a_slice(
    name: str,
    loss: float = 0.12,
    excess: float = 0.1,
    kind: str = "class",
    teacher: float = 0.95,
    called_out: bool = True,
) -> SliceVerdict:
    """Return a slice on which the student loses this much; its interval is 0.02 to each side."""
    judgement = Judgement(
        loss=Estimate(loss, loss - 0.02, loss + 0.02),
        excess=Estimate(excess, excess - 0.02, excess + 0.02),
        p=0.001 if called_out else 0.9,
        is_called_out=called_out,
    )
    means = Means(teacher=teacher, control=0.8, student=teacher - loss, loss=loss)
    return SliceVerdict(name=name, kind=kind, examples=200, means=means, judgement=judgement)


def of_slices(*slices: SliceVerdict, **changes: Any) -> Any:
    """Return the document of these slices; on all examples 3.1 of 95 points are lost."""
    whole = Means(teacher=0.95, control=0.85, student=0.919, loss=0.031)
    verdicts = SliceVerdicts(
        measure="accuracy",
        least=30,
        examples=2000,
        means=whole,
        loss=Estimate(0.031, 0.02, 0.04),
        slices=slices,
    )
    return json.loads(json.dumps(asdict(replace(verdicts, **changes))))
