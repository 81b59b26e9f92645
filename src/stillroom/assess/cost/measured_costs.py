"""Costs: an ensemble of models and some inputs in, their cost out, for cost.json.

ModelRun(path, inference), … ──each architecture once──> Cost ──sum──> numbers
soft labels, number of answers read ──> CacheSavings
results of teachers, capture and train ──energy log──> energy of the run
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from stillroom.assess.cost.energy_log import METERED, logged_energy, result_hash
from stillroom.assess.cost.memory_probe import memory_alone
from stillroom.config.schema import Inference, Transfer
from stillroom.data.ingest.splits import TRAIN
from stillroom.evaluation.arms import STUDENT, run_of_name
from stillroom.evaluation.cost.cache_savings import CacheSavings
from stillroom.evaluation.cost.energy import JOULES_OF_A_WH, MeterError, energy_of
from stillroom.evaluation.cost.model_cost import Cost, cost_of, ensemble_cost
from stillroom.evaluation.cost.peak_memory import CLEAR_REFS
from stillroom.io.files.confined_paths import project_root
from stillroom.io.json.number_groups import GroupedNumbers, NamedNumbers
from stillroom.io.progress import ticking
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.teachers.stored_teachers import served

_LOG = logging.getLogger(__name__)

DECIMALS = 4


@dataclass(frozen=True, slots=True)
class ModelRun:
    """A stored model, and how it runs.

    Attributes:
        path: the folder of a teacher, or a student's model directory.
        architecture: the hash of its architecture.
        inference: the precision and the devices.
    """

    path: Path
    architecture: str
    inference: Inference


@dataclass(frozen=True, slots=True)
class Trial:
    """The workload under which models are measured.

    Attributes:
        examples: the rows, used in turn.
        calls: how many calls are timed, with one example each.
        seconds: for how long the energy is metered.
    """

    examples: pl.DataFrame
    calls: int
    seconds: float


def costs_of(members: Sequence[ModelRun], trial: Trial) -> NamedNumbers:
    """Return the cost of an ensemble whose members run one after the other.

    Args:
        members: the models; members of one architecture are measured once.
        trial: the workload.

    Raises:
        ModelError: a model directory is missing or damaged.
    """
    by_architecture: dict[str, Cost] = {}
    costs = []
    with ticking("measuring cost", len(members), "models") as ticker:
        for member in members:
            if member.architecture not in by_architecture:
                by_architecture[member.architecture] = _cost(member, trial)
            costs.append(by_architecture[member.architecture])
            ticker.advance()
    return ensemble_cost(costs).numbers()


def transfer_rows(examples: pl.DataFrame, transfer: Transfer, classes: Sequence[str]) -> int:
    """Return how many training rows a student learns from; for a share, the expected number."""
    left_out = [list(classes).index(name) for name in transfer.without]
    is_left_out = pl.col("label").is_in(left_out).fill_null(value=False)
    rows = examples.filter(pl.col("split") == TRAIN, ~is_left_out)
    return round(transfer.share * len(rows))


def answers_read(student_curves: Sequence[Mapping[str, Any]], rows: int) -> int:
    """Return how many answers distilled students read: each row once in each epoch of each seed.

    Args:
        student_curves: a record of each run and epoch.
        rows: the number of rows that each student learned from.
    """
    return rows * sum(run_of_name(record["model"]).arm == STUDENT for record in student_curves)


def cache_of(soft_labels: SoftLabelSet, teacher: NamedNumbers, read: int) -> CacheSavings:
    """Return the cost and the savings of a set of soft labels.

    Args:
        soft_labels: the set.
        teacher: the cost of its teachers, as `costs_of` returns it.
        read: the number of answers that students read, over all epochs and seeds.
    """
    return CacheSavings(
        bytes_on_disk=soft_labels.manifest.bytes,
        rows=soft_labels.captured_inputs,
        seconds_per_inference=1 / teacher["per_second_at_32"],
        read=read,
    )


def run_of(teachers: Path, soft_labels: SoftLabelSet, students: Path) -> GroupedNumbers:
    """Return the energy of the stages that made a student, under `run`; {} if one is unknown.

    Raises:
        ModelError: a model directory is damaged.
    """
    results = {"teachers": teachers, "soft_labels": soft_labels, "students": students}
    root = project_root()
    logged = {
        stage: logged_energy(root, result_hash(results[name])) for stage, name in METERED.items()
    }
    stages = {stage: energy for stage, energy in logged.items() if energy is not None}
    if len(stages) < len(METERED):
        return {}
    numbers: NamedNumbers = {}
    for stage, energy in stages.items():
        numbers[f"{stage}_watt_hours"] = round(energy.joules / JOULES_OF_A_WH, DECIMALS)
        numbers[f"{stage}_seconds"] = round(energy.seconds, 1)
    joules = sum(energy.joules for energy in stages.values())
    numbers["watt_hours"] = round(joules / JOULES_OF_A_WH, DECIMALS)
    numbers["energy_is_estimate"] = int(any(energy.is_estimate for energy in stages.values()))
    return {"run": numbers}


def _cost(member: ModelRun, trial: Trial) -> Cost:
    model = served(member.path, member.inference)
    # A teacher may have another encoder than the student, so each encodes the rows itself.
    inputs = model.encoder.encode(trial.examples)
    cost = cost_of(model.size, model.flops, model.run, inputs, trial.calls)
    try:
        cost = replace(cost, energy=energy_of(model.run, inputs, trial.seconds))
    except MeterError as error:
        _LOG.warning("energy: %s", error)
    if not CLEAR_REFS.is_file() or not os.access(CLEAR_REFS, os.W_OK):
        return cost  # this system, or this container, cannot reset the peak memory of a process
    return replace(cost, memory=memory_alone(member.path, member.inference, inputs))
