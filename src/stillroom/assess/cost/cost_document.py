"""The cost document: models, cache and energy log in, the numbers of cost.json out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stillroom.assess.cost.measured_costs import (
    ModelRun,
    Trial,
    answers_read,
    cache_of,
    costs_of,
    run_of,
    transfer_rows,
)
from stillroom.assess.other_students import times_of_family
from stillroom.assess.predict.labelled_rows import test_rows
from stillroom.config.schema import Evaluate, Inference, Transfer
from stillroom.data.encoders import read_encoder
from stillroom.evaluation.arms import STUDENT, TEACHER, runs_in
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.io.tables import TableFile
from stillroom.models.pretrained.model_directory import architecture_hash
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.teachers.stored_teachers import teacher_refs


@dataclass(frozen=True, slots=True)
class CostInputs:
    """The examples, models and cache that are measured.

    Attributes:
        examples: every example; the first ones of the test split are run.
        encoder: the folder of the students' encoder.
        soft_labels: the ensemble's answers.
        teachers: a folder with one model directory per member. Every member answers each input, so
            their costs are added.
        inference: how the teachers run.
        students: a folder with the model directory of each run.
        every_student: the folder of the folders of all students.
    """

    examples: TableFile
    encoder: Path
    soft_labels: SoftLabelSet
    teachers: Path
    inference: Inference
    students: Path
    every_student: Path


def cost_document(
    inputs: CostInputs,
    curves: Sequence[Mapping[str, Any]],
    mode: Literal["cached", "live"],
    transfer: Transfer,
    evaluate: Evaluate,
) -> GroupedNumbers:
    """Return the cost of each model, the cost and savings of the cache, and the run's energy.

    Args:
        inputs: the examples, models and cache.
        curves: a record of each run and epoch of training.
        mode: whether the students read the cache, or the teacher ran beside them.
        transfer: which of the examples the students read.
        evaluate: how many examples to time, and for how long to meter the energy.

    Returns:
        `teacher` and each arm, as `evaluation.cost.model_cost` has it; `cache`, as
        `evaluation.cost.cache_savings` has it; `run`, if this machine has logged its energy; and
        `family/<name>`, the latency of each other student of these soft labels.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged, or there is no teacher.
    """
    examples, encoder = inputs.examples.read(), read_encoder(inputs.encoder)
    timed = test_rows(examples, encoder).head(evaluate.latency_images)
    trial = Trial(timed, evaluate.latency_images, evaluate.energy_seconds)
    # Students run on the teachers' device, so that ratios compare models and not devices.
    on_same_device = Inference(dtype="float32", device_map=inputs.inference.device_map)
    refs = teacher_refs(inputs.teachers, inputs.inference)
    teacher = costs_of([ModelRun(ref.path, ref.architecture, ref.inference) for ref in refs], trial)
    shipped = inputs.students / STUDENT
    student = costs_of([ModelRun(shipped, architecture_hash(shipped), on_same_device)], trial)
    rows = transfer_rows(examples, transfer, encoder.classes)
    read = 0 if mode == "live" else answers_read(curves, rows)
    content = inputs.soft_labels.manifest.content
    return {
        TEACHER: teacher,
        # Every arm has the same architecture, so the student's cost is also the control's.
        **{run.arm: student for run in runs_in(inputs.students)},
        "cache": cache_of(inputs.soft_labels, teacher, read).numbers(),
        **run_of(inputs.teachers, inputs.soft_labels, inputs.students),
        **times_of_family(
            inputs.every_student, inputs.students.name, content, on_same_device, timed, encoder
        ),
    }
