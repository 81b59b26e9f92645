"""Costs: models that answer together and some inputs in, what they take out, for cost.json.

Asked(path, inference), … ──each architecture once──> Cost ──together──> numbers
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from stillroom.config.schema import Inference
from stillroom.evaluation.cost.energy import energy_of
from stillroom.evaluation.cost.model import Cost, cost_of, together
from stillroom.io.progress import ticking
from stillroom.models.alone import memory_alone
from stillroom.models.directory import architecture_hash, load_model, read_encoder
from stillroom.models.serving import serving


@dataclass(frozen=True, slots=True)
class Asked:
    """A model directory, and how it runs."""

    path: Path
    inference: Inference


def costs_of(members: Sequence[Asked], timed: pl.DataFrame, calls: int) -> dict[str, int | float]:
    """Return what models take that all answer, one after the other.

    Args:
        members: of which those of one architecture are measured once.
        timed: examples to run them on.
        calls: that are timed.

    Raises:
        ModelError: a model directory is missing or damaged.
    """
    found: dict[str, Cost] = {}
    costs = []
    with ticking("measuring cost", len(members), "models") as ticker:
        for member in members:
            architecture = architecture_hash(member.path)
            if architecture not in found:
                found[architecture] = _cost(member, timed, calls)
            costs.append(found[architecture])
            ticker.advance()
    return together(costs).numbers()


def _cost(member: Asked, timed: pl.DataFrame, calls: int) -> Cost:
    model, encoder = load_model(member.path, member.inference), read_encoder(member.path)
    # A teacher's inputs may be others than the student's.
    forward, inputs = serving(model), encoder.encode(timed)
    cost = replace(cost_of(model, forward, inputs, calls), energy=energy_of(forward, inputs))
    if sys.platform != "linux":  # elsewhere nothing tells the peak of a process
        return cost
    return replace(cost, memory=memory_alone(member.path, member.inference, inputs))
