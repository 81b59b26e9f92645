"""The cost document: models, cache and the run's own record in, the numbers of cost.json out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from stillroom.assess.cost.costs import (
    Asked,
    Trial,
    answers_read,
    cache_of,
    costs_of,
    rows_taken,
    run_of,
)
from stillroom.assess.other_students import times_of_family
from stillroom.assess.predict.labelled_rows import test_rows
from stillroom.config.schema import Evaluate, Inference, Transfer
from stillroom.data.encoders import Encoder
from stillroom.evaluation.arms import STUDENT, TEACHER, runs_in
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.teachers.teacher_ref import TeacherRef

Numbers = dict[str, dict[str, int | float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is measured.

    Attributes:
        examples: every example; the first ones of the test split are run.
        encoder: of the students.
        soft_labels: the ensemble's answers.
        teachers: every member; each must answer, so their costs are added.
        students: a folder with the model directory of each run.
        every_student: the folder of the folders of all students.
    """

    examples: pl.DataFrame
    encoder: Encoder
    soft_labels: SoftLabelSet
    teachers: Sequence[TeacherRef]
    students: Path
    every_student: Path


def cost_document(
    measured: Measured,
    curves: Sequence[Mapping[str, Any]],
    transfer: Transfer,
    evaluate: Evaluate,
) -> Numbers:
    """Return what each model takes, what the cache cost and saved, and what the run took.

    Args:
        measured: models, examples and cache.
        curves: a record of each epoch in which a student read the cache.
        transfer: which of the examples it read.
        evaluate: how many examples to time, and for how long to meter.

    Returns:
        of each arm as `evaluation.cost.model_cost` has it; `cache` as
        `evaluation.cost.cache_savings` has it; `run`, where it is known on this machine;
        `family/<name>`, of each other student of these soft labels its latency.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged, or there is no teacher.
    """
    timed = test_rows(measured.examples, measured.encoder).head(evaluate.latency_images)
    trial = Trial(timed, evaluate.latency_images, evaluate.energy_seconds)
    inference = measured.teachers[0].inference
    # On the teachers' device, so that ratios are of the models.
    beside = Inference(dtype="float32", device_map=inference.device_map)
    theirs = costs_of([Asked(ref.path, inference) for ref in measured.teachers], trial)
    own = costs_of([Asked(measured.students / STUDENT, beside)], trial)
    rows = rows_taken(measured.examples, transfer, measured.encoder.classes)
    cache = cache_of(measured.soft_labels, theirs, answers_read(curves, rows))
    content = measured.soft_labels.manifest.content
    return {
        TEACHER: theirs,
        # The control is the same model, as every arm is: what it takes is the student's.
        **{run.arm: own for run in runs_in(measured.students)},
        "cache": cache.numbers(),
        **run_of(measured.teachers[0].path.parent, measured.soft_labels, measured.students),
        **times_of_family(
            measured.every_student, measured.students.name, content, beside, timed, measured.encoder
        ),
    }
