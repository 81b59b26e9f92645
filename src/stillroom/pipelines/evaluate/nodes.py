"""Nodes of evaluate: run every model on validation and test split, then measure the predictions.

examples, encoder, soft labels, students ──predict──> predictions
predictions ──measure_quality──> metrics, statistics
            ├─check_student──> alarms, with those of the stages before
            ├─draw_plots──> reliability, confusion, similarity
            ├─measure_slices──> slices
            ├─measure_turns──> turns
            ├─measure_dark_knowledge──> dark_knowledge
            └─find_disagreements──> disagreements
students, teachers ──measure_cost──> cost
                   ├─compare_students──> family
                   ├─continue_texts──> continuations
                   ├─check_answers──> answers
                   └─trace_lineage──> lineage

Each node calls a function of `assess`, whose docstring has the arguments and the errors.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stillroom.config.schema import Evaluate, Inference, Student
from stillroom.config.schema.field_types import DeviceMap, Dtype
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    from stillroom.softlabels.reading.label_set import SoftLabelSet
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any

Document = dict[str, Any]
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
    """Return the answers of the teacher and of each run to the validation and test splits."""
    from stillroom.assess.predict.predict import predict as predictions_of
    from stillroom.data.encoders import read_encoder
    from stillroom.teachers.softlabels_config import require_examples

    require_examples(soft_labels, examples, read_encoder(encoder))
    inference = Inference(dtype=dtype, device_map=device_map)
    return predictions_of(examples, encoder, soft_labels, teachers, inference, students)


def measure_quality(
    predictions: TableFile, encoder: Path, evaluate: Evaluate
) -> tuple[GroupedNumbers, Document]:
    """Return the metrics of each arm with the student's gain, and the evidence as JSON."""
    from stillroom.assess.findings.finding_documents import quality_documents

    return quality_documents(predictions, encoder, evaluate.bins)


def check_student(
    predictions: TableFile,
    examples: TableFile,
    encoder: Path,
    data_alarms: Records,
    teacher_alarms: Records,
) -> Records:
    """Return all alarms, with those about the student that ships; `export` stops at them."""
    from stillroom.assess.sanity.alarm import known_alarms, to_json
    from stillroom.assess.sanity.student_alarms import student_alarms
    from stillroom.data.encoders import read_encoder

    found = student_alarms(predictions, examples, read_encoder(encoder))
    return to_json((*known_alarms(data_alarms, teacher_alarms), *found))


def draw_plots(
    predictions: TableFile, encoder: Path, evaluate: Evaluate
) -> tuple[Records, Records, Records]:
    """Return the records of reliability, confusion and similarity, of the first seed's runs."""
    from stillroom.assess.findings.finding_documents import plot_documents

    return plot_documents(predictions, encoder, evaluate.bins)


def measure_slices(
    predictions: TableFile, examples: TableFile, encoder: Path, evaluate: Evaluate
) -> Document:
    """Return the verdict on each slice of the test split."""
    from stillroom.assess.findings.finding_documents import slices_document

    return slices_document(predictions, examples, encoder, evaluate.slices)


def measure_turns(predictions: TableFile, encoder: Path, evaluate: Evaluate) -> Document:
    """Return the quality of each model by the turn of a conversation; {} for other texts."""
    from stillroom.assess.findings.finding_documents import turns_document

    return turns_document(predictions, encoder, evaluate.bins)


def measure_dark_knowledge(predictions: TableFile, examples: TableFile, encoder: Path) -> Document:
    """Return which classes the teacher finds similar, and how much of this the student learned."""
    from stillroom.assess.findings.finding_documents import dark_knowledge_document

    return dark_knowledge_document(predictions, examples, encoder)


def find_disagreements(predictions: TableFile, examples: TableFile, encoder: Path) -> Document:
    """Return the test examples on which the student and its teacher differ most."""
    from stillroom.assess.findings.finding_documents import disagreements_document

    return disagreements_document(predictions, examples, encoder)


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
) -> GroupedNumbers:
    """Return the cost of each model, what the cache cost and saved, and the energy of the run."""
    from stillroom.assess.cost.cost_document import CostInputs, cost_document

    inference = Inference(dtype=dtype, device_map=device_map)
    inputs = CostInputs(
        examples, encoder, soft_labels, teachers, inference, students, every_student
    )
    return cost_document(inputs, student_curves, mode, student.transfer, evaluate)


def compare_students(
    examples: TableFile,
    encoder: Path,
    soft_labels: SoftLabelSet,
    students: Path,
    every_student: Path,
    statistics: Document,
    cost: GroupedNumbers,
) -> Records:
    """Return a record of the teacher and of each student of these soft labels; [] for only one."""
    from stillroom.assess.other_students import family_records

    content = soft_labels.manifest.content
    return family_records(examples, encoder, content, students, every_student, statistics, cost)


def continue_texts(
    examples: TableFile,
    encoder: Path,
    teachers: Path,
    dtype: Dtype,
    device_map: DeviceMap,
    students: Path,
) -> Records:
    """Return how teacher, control and student continue texts of the test split."""
    from stillroom.assess.predict.generation_samples import generation_samples

    inference = Inference(dtype=dtype, device_map=device_map)
    return generation_samples(examples, encoder, teachers, inference, students)


def check_answers(
    examples: TableFile,
    encoder: Path,
    teachers: Path,
    dtype: Dtype,
    device_map: DeviceMap,
    students: Path,
    evaluate: Evaluate,
) -> Document:
    """Return how many answers to held-out prompts are right; {} if none are checked."""
    from stillroom.assess.answers.check_answers import answers_document
    from stillroom.io.json.round_numbers import rounded

    inference = Inference(dtype=dtype, device_map=device_map)
    answers = evaluate.answers
    return rounded(answers_document(examples, encoder, teachers, inference, students, answers))


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
    """Return the lineage of the student that ships, as plain values."""
    from stillroom.assess.lineage_document import LineageInputs, lineage_document
    from stillroom.assess.rerun_command import rerun_command

    inputs = LineageInputs(
        students, soft_labels.manifest, teachers, licence, examples, encoder, data_report
    )
    return lineage_document(inputs, parameters, rerun_command(sys.argv, os.environ))
