"""The nodes of evaluate: every run over validation and test split, then what follows from it.

examples, encoder, soft labels, students ──predict──> predictions
predictions ──measure_quality──> metrics, statistics
            ├─draw_plots──> reliability, confusion, similarity
            ├─measure_slices──> slices
            ├─measure_dark_knowledge──> dark_knowledge
            └─find_disagreements──> disagreements
students, teachers ──measure_cost──> cost
                   ├─compare_students──> family
                   ├─continue_texts──> continuations
                   └─trace_lineage──> lineage

Documents are rounded, so that equal predictions give equal bytes.
"""

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stillroom.config.field_types import DeviceMap, Dtype
from stillroom.config.schema import Evaluate, Inference, Student, plain
from stillroom.io.json.round_numbers import rounded
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    from stillroom.softlabels.reading.label_set import SoftLabelSet
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any

Document = dict[str, Any]
Numbers = dict[str, dict[str, int | float]]
Records = list[dict[str, Any]]


def predict(
    examples: TableFile,
    encoder: Path,
    soft_labels: SoftLabelSet,
    teachers: Path,
    dtype: Dtype,
    device_map: DeviceMap,
    students: Path,
) -> Any:
    """Return what each run answers to validation and test; see `assess.predict.predict`.

    Args:
        examples: every example, with `example_id`, `split`, `label` and its content.
        encoder: the folder of the encoder.
        soft_labels: the ensemble's answers to them.
        teachers: a folder with one model directory per member, whose answers they must be.
        dtype, device_map: how the teachers run.
        students: a folder with the model directory of each run.
    """
    from stillroom.assess.predict.predict import predict as predict_runs
    from stillroom.data.encoders import read_encoder
    from stillroom.teachers.teacher_ref import refer

    refs = refer(teachers, Inference(dtype=dtype, device_map=device_map))
    return predict_runs(examples.read(), read_encoder(encoder), soft_labels, refs, students)


def measure_quality(
    predictions: TableFile, encoder: Path, evaluate: Evaluate
) -> tuple[Numbers, Document]:
    """Return the metrics of each arm and what the teacher brought, and the evidence as JSON.

    Args:
        predictions: as `predict` returns them.
        encoder: the folder of the encoder, whose `classes` name the outputs.
        evaluate: how to measure.

    Raises:
        DataError: the predictions are not distributions, or do not fit the classes.
    """
    from stillroom.assess.findings.findings import findings

    found = findings(predictions, encoder)
    return rounded(found.quality(evaluate.bins)), rounded(found.evidence().to_json())


def draw_plots(
    predictions: TableFile, encoder: Path, evaluate: Evaluate
) -> tuple[Records, Records, Records]:
    """Return the records of reliability, confusion and similarity, of the runs that ship."""
    from stillroom.assess.findings.findings import findings

    return findings(predictions, encoder).plots(evaluate.bins)


def measure_slices(
    predictions: TableFile, examples: TableFile, encoder: Path, evaluate: Evaluate
) -> Document:
    """Return what each slice of the test split says of the student, as `Judged`.

    Raises:
        ConfigError: a condition of `evaluate.slices` is no expression of the examples' columns.
    """
    from stillroom.assess.findings.described_examples import described
    from stillroom.assess.findings.findings import findings

    found = findings(predictions, encoder)
    return rounded(asdict(found.slices(described(found, examples.read()), evaluate.slices)))


def measure_dark_knowledge(predictions: TableFile, examples: TableFile, encoder: Path) -> Document:
    """Return what the teachers find similar to what, and how much of it the student learnt.

    A vocabulary has no such document: it is {}.
    """
    from stillroom.assess.findings.described_examples import described
    from stillroom.assess.findings.findings import findings

    found = findings(predictions, encoder)
    return rounded(found.dark_knowledge(described(found, examples.read())))


def find_disagreements(predictions: TableFile, examples: TableFile, encoder: Path) -> Document:
    """Return the test examples on which the student that ships and its teacher differ most."""
    from stillroom.assess.findings.described_examples import described
    from stillroom.assess.findings.findings import findings

    found = findings(predictions, encoder)
    return rounded(found.disagreements(described(found, examples.read())))


def measure_cost(
    examples: TableFile,
    encoder: Path,
    soft_labels: SoftLabelSet,
    teachers: Path,
    dtype: Dtype,
    device_map: DeviceMap,
    students: Path,
    every_student: Path,
    student_curves: Records,
    student: Student,
    mode: Literal["cached", "live"],
    evaluate: Evaluate,
) -> Numbers:
    """Return what each model takes, what the cache cost and saved, and what the run took.

    Args:
        examples: every example; the first `latency_images` of the test split are run.
        encoder: the folder of the encoder.
        soft_labels: the ensemble's answers.
        teachers: a folder with one model directory per member.
        dtype, device_map: how the teachers run.
        students: a folder with the model directory of each run.
        every_student: the folder of the folders of all students.
        student_curves: how often they went over their examples.
        student: which of the examples it took.
        mode: whether it read the cache.
        evaluate: how many of them to time, and for how long to meter.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged, or there is no teacher.
    """
    from stillroom.assess.cost.cost_document import Measured, cost_document
    from stillroom.data.encoders import read_encoder
    from stillroom.teachers.teacher_ref import refer

    return cost_document(
        Measured(
            examples=examples.read(),
            encoder=read_encoder(encoder),
            soft_labels=soft_labels,
            teachers=refer(teachers, Inference(dtype=dtype, device_map=device_map)),
            students=students,
            every_student=every_student,
        ),
        curves=[] if mode == "live" else student_curves,  # a live student reads no cache
        transfer=student.transfer,
        evaluate=evaluate,
    )


def compare_students(
    examples: TableFile,
    encoder: Path,
    soft_labels: SoftLabelSet,
    students: Path,
    every_student: Path,
    statistics: Document,
    cost: Numbers,
) -> Records:
    """Return a record of each student of these soft labels, and of the teacher; [] of one alone.

    Args:
        examples: every example.
        encoder: the folder of the encoder.
        soft_labels: whose students are compared; a warning names the others.
        students: the folder of the student that this run is about.
        every_student: the folder of the folders of all.
        statistics: `Evidence` on this one and the teacher, as JSON.
        cost: what these take.

    Raises:
        ModelError: a model directory is damaged.
    """
    from stillroom.assess.other_students import family_records
    from stillroom.data.encoders import read_encoder
    from stillroom.evaluation.statistics.evidence import Evidence

    return rounded(
        family_records(
            examples.read(),
            read_encoder(encoder),
            soft_labels.manifest.content,
            students,
            every_student,
            Evidence.from_json(statistics),
            cost,
        )
    )


def continue_texts(
    examples: TableFile,
    encoder: Path,
    teachers: Path,
    dtype: Dtype,
    device_map: DeviceMap,
    students: Path,
) -> Records:
    """Return how teacher, control and student continue texts of the test split.

    Models that do not predict the next token continue none: it is [].

    Raises:
        ModelError: a model directory is missing or damaged.
    """
    from stillroom.assess.predict.generation_samples import generation_samples
    from stillroom.data.encoders import read_encoder
    from stillroom.teachers.teacher_ref import refer

    refs = refer(teachers, Inference(dtype=dtype, device_map=device_map))
    return generation_samples(examples.read(), read_encoder(encoder), refs, students)


def trace_lineage(
    students: Path,
    soft_labels: SoftLabelSet,
    teachers: Path,
    licence: Document,
    examples: TableFile,
    encoder: Path,
    data_report: Document,
    parameters: dict[str, Any],
) -> Document:
    """Return the lineage of the student that ships, as plain values.

    Raises:
        DataError: the soft labels, the licence and the teachers do not belong together, or the
            students were trained by other parameters.
        ModelError: a model directory is missing or damaged.
    """
    from stillroom.assess.lineage import command_of, trace
    from stillroom.data.encoders import read_encoder
    from stillroom.teachers.licences.licence_document import from_json
    from stillroom.teachers.teacher_ref import refer

    return trace(
        students=students,
        manifest=soft_labels.manifest,
        teachers=refer(teachers),
        licence=from_json(licence),
        examples=examples,
        encoder=read_encoder(encoder),
        data_report=data_report,
        parameters=plain(parameters),
        command=command_of(sys.argv, os.environ),
    ).to_json()
