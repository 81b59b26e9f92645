"""Costs: models that answer together and some inputs in, what they take out, for cost.json.

Asked(path, inference), … ──each architecture once──> Cost ──together──> numbers
soft labels, how often they were read ──> Cache
what teachers, capture and train made ──noted──> what they took
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from stillroom.assess.cost.energy_log import METERED, made, noted
from stillroom.assess.cost.memory_probe import memory_alone
from stillroom.config.schema import Inference, Transfer
from stillroom.evaluation.arms import STUDENT, of_name
from stillroom.evaluation.cost.cache_savings import Cache
from stillroom.evaluation.cost.energy import JOULES_OF_A_WH, MeterError, energy_of
from stillroom.evaluation.cost.footprint import CLEAR_REFS
from stillroom.evaluation.cost.model_cost import Cost, cost_of, together
from stillroom.io.files.paths import project_root
from stillroom.io.progress import ticking
from stillroom.models.forward.serving import serving
from stillroom.models.pretrained.model_directory import architecture_hash, load_model, read_encoder
from stillroom.softlabels.reading.label_set import SoftLabelSet

_LOG = logging.getLogger(__name__)

Numbers = dict[str, int | float]
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """A model directory, and how it runs."""

    path: Path
    inference: Inference


@dataclass(frozen=True, slots=True)
class Trial:
    """What models are asked while they are measured.

    Attributes:
        examples: rows, taken in turn.
        calls: that are timed, one example each.
        seconds: that energy is metered.
    """

    examples: pl.DataFrame
    calls: int
    seconds: float


def costs_of(members: Sequence[Asked], trial: Trial) -> Numbers:
    """Return what models take that all answer, one after the other.

    Args:
        members: of which those of one architecture are measured once.
        trial: what they are asked.

    Raises:
        ModelError: a model directory is missing or damaged.
    """
    found: dict[str, Cost] = {}
    costs = []
    with ticking("measuring cost", len(members), "models") as ticker:
        for member in members:
            architecture = architecture_hash(member.path)
            if architecture not in found:
                found[architecture] = _cost(member, trial)
            costs.append(found[architecture])
            ticker.advance()
    return together(costs).numbers()


def rows_taken(examples: pl.DataFrame, transfer: Transfer, classes: Sequence[str]) -> int:
    """Return how many training rows a student learns from; of its share, what is expected."""
    left_out = [list(classes).index(name) for name in transfer.without]
    is_left_out = pl.col("label").is_in(left_out).fill_null(value=False)
    rows = examples.filter(pl.col("split") == "train", ~is_left_out)
    return round(transfer.share * len(rows))


def answers_read(student_curves: Sequence[Mapping[str, Any]], rows: int) -> int:
    """Return how many answers distilled students read: each row once in each epoch of each seed.

    Args:
        student_curves: a record of each run and epoch.
        rows: that each learnt from.
    """
    return rows * sum(of_name(record["model"]).arm == STUDENT for record in student_curves)


def cache_of(soft_labels: SoftLabelSet, teacher: Numbers, read: int) -> Cache:
    """Return what a set of soft labels cost and saved.

    Args:
        soft_labels: the set.
        teacher: what its teachers take, as `costs_of` returns it.
        read: answers that students read, over all epochs and seeds.
    """
    return Cache(
        bytes_on_disk=soft_labels.manifest.bytes,
        rows=soft_labels.asked,
        seconds_per_inference=1 / teacher["per_second_at_32"],
        read=read,
    )


def run_of(teachers: Path, soft_labels: SoftLabelSet, students: Path) -> dict[str, Numbers]:
    """Return, under `run`, the energy of the stages that made a student; {} unless all are known.

    Raises:
        ModelError: a model directory is damaged.
    """
    results = {"teachers": teachers, "soft_labels": soft_labels, "students": students}
    root = project_root()
    spent = {stage: noted(root, made(results[name])) for stage, name in METERED.items()}
    known = {stage: one for stage, one in spent.items() if one is not None}
    if len(known) < len(METERED):
        return {}
    numbers: Numbers = {}
    for stage, one in known.items():
        numbers[f"{stage}_watt_hours"] = round(one.joules / JOULES_OF_A_WH, DECIMALS)
        numbers[f"{stage}_seconds"] = round(one.seconds, 1)
    joules = sum(one.joules for one in known.values())
    numbers["watt_hours"] = round(joules / JOULES_OF_A_WH, DECIMALS)
    numbers["energy_is_estimate"] = int(any(one.is_estimate for one in known.values()))
    return {"run": numbers}


def _cost(member: Asked, trial: Trial) -> Cost:
    model, encoder = load_model(member.path, member.inference), read_encoder(member.path)
    # A teacher's inputs may be others than the student's.
    forward, inputs = serving(model), encoder.encode(trial.examples)
    cost = cost_of(model, forward, inputs, trial.calls)
    try:
        cost = replace(cost, energy=energy_of(forward, inputs, trial.seconds))
    except MeterError as error:
        _LOG.warning("energy: %s", error)
    if not CLEAR_REFS.is_file() or not os.access(CLEAR_REFS, os.W_OK):
        return cost  # nothing tells the peak of a process: another system, or a container's
    return replace(cost, memory=memory_alone(member.path, member.inference, inputs))
