"""The nodes of evaluate: validation and test split through every run, then measured.

examples, encoder, soft labels, students ──predict──> predictions
predictions ──measure_quality──> metrics, statistics
            └─draw_plots──> reliability, confusion, similarity
examples, encoder, teachers, students ──measure_cost──> cost
                                      └─continue_texts──> continuations
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stillroom.config.ranges import DeviceMap, Dtype
from stillroom.config.schema import Evaluate, Inference, Student
from stillroom.errors import DataError
from stillroom.evaluation.runs import CONTROL, STUDENT, TEACHER, runs_in
from stillroom.io.rounding import rounded
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    import polars as pl

    from stillroom.data.encoders import Encoder
    from stillroom.softlabels.dataset import SoftLabelSet
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any


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
    """Return what each run answers to validation and test.

    Where every logit was kept, the teacher's answers are read from the soft labels. What a
    truncated set has of them is no measure of the teacher, so it is asked again.

    Args:
        examples: every example, with `example_id`, `split`, `label` and its content.
        encoder: the folder of the encoder.
        soft_labels: the ensemble's answers to them.
        teachers: a folder with one model directory per member, whose answers they must be.
        dtype, device_map: how the teachers run.
        students: a folder with the model directory of each run.

    Returns:
        polars.DataFrame: of the labelled rows `example_id`, `split`, `label`, and `teacher`,
        `control`, `student` and the other runs, each list[float32], C long; of a language model
        what `predict_tokens` says of the test split.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged.
    """
    from stillroom.data.encoders import SequenceEncoder, read_encoder
    from stillroom.teachers.reference import refer

    refs, fitted = (
        refer(teachers, Inference(dtype=dtype, device_map=device_map)),
        read_encoder(encoder),
    )
    soft_labels.require(fitted.classes, [ref.weights for ref in refs])
    own = {run.name: students / run.name for run in runs_in(students)}
    every = examples.read()
    rows = _known(every, fitted, "validation").vstack(tested_rows(every, fitted))
    if isinstance(fitted, SequenceEncoder):
        from stillroom.pipelines.evaluate.token_predictions import predict_tokens

        return predict_tokens(rows, fitted, refs, soft_labels.ensemble, own)
    from stillroom.pipelines.evaluate.classes import predict_classes

    return predict_classes(rows, fitted, refs, soft_labels, own)


def measure_quality(
    predictions: TableFile, encoder: Path, evaluate: Evaluate
) -> tuple[Numbers, dict[str, Any]]:
    """Return the metrics, and what may be concluded from them.

    Args:
        predictions: as `predict` returns them.
        encoder: the folder of the encoder, whose `classes` name the outputs.
        evaluate: how to measure.

    Returns:
        metrics: of each arm its measures, means over seeds; under `gain` what the teacher brought
            the student over its control, better being positive. Rounded to 6 decimals, so that
            equal predictions give equal bytes.
        statistics: `Evidence`, as JSON.

    Raises:
        DataError: predictions that are no distributions, or that do not fit the classes.
    """
    from stillroom.pipelines.evaluate.findings import findings

    found = findings(predictions, encoder)
    return rounded(found.quality(evaluate.bins)), rounded(found.evidence().to_json())


def draw_plots(
    predictions: TableFile, encoder: Path, evaluate: Evaluate
) -> tuple[Records, Records, Records]:
    """Return the records of reliability, confusion and similarity, of the runs that ship.

    Args:
        predictions, encoder, evaluate: as of `measure_quality`.
    """
    from stillroom.pipelines.evaluate.findings import findings

    return findings(predictions, encoder).plots(evaluate.bins)


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

    The teacher's numbers are of all its members together, since every one of them must answer.

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

    Returns:
        of each arm as `evaluation.cost.model` has it; `cache` as `evaluation.cost.cache` has it;
        `run`, where it is known on this machine; `family/<name>`, of each other student of these
        soft labels its latency.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged, or there is no teacher.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.pipelines.evaluate.costs import (
        Asked,
        Trial,
        answers_read,
        cache_of,
        costs_of,
        rows_taken,
        run_of,
    )
    from stillroom.pipelines.evaluate.siblings import times_of_family
    from stillroom.teachers.reference import refer

    fitted = read_encoder(encoder)
    every = examples.read()
    timed = tested_rows(every, fitted).head(evaluate.latency_images)
    trial = Trial(timed, evaluate.latency_images, evaluate.energy_seconds)
    inference = Inference(dtype=dtype, device_map=device_map)
    # On the teachers' device, so that ratios are of the models.
    beside = Inference(dtype="float32", device_map=device_map)
    theirs = costs_of([Asked(ref.path, inference) for ref in refer(teachers)], trial)
    own = costs_of([Asked(students / STUDENT, beside)], trial)
    taught = answers_read(student_curves, rows_taken(every, student.transfer, fitted.classes))
    cache = cache_of(soft_labels, theirs, 0 if mode == "live" else taught)
    content = soft_labels.manifest.content
    return {
        TEACHER: theirs,
        # The control is the same model, as every arm is: what it takes is the student's.
        **{run.arm: own for run in runs_in(students)},
        "cache": cache.numbers(),
        **run_of(teachers, soft_labels, students),
        **times_of_family(every_student, students.name, content, beside, timed, fitted),
    }


def continue_texts(
    examples: TableFile,
    encoder: Path,
    teachers: Path,
    dtype: Dtype,
    device_map: DeviceMap,
    students: Path,
) -> Records:
    """Return how teacher, control and student go on with texts of the test split.

    Of models that predict no next token there is none.

    Args:
        examples, encoder, teachers, dtype, device_map, students: as of `predict`.

    Raises:
        ModelError: a model directory is missing or damaged.
    """
    from stillroom.data.encoders import SequenceEncoder, read_encoder
    from stillroom.teachers.reference import refer

    fitted = read_encoder(encoder)
    if not isinstance(fitted, SequenceEncoder) or fitted.task != "next_token":
        return []
    from stillroom.pipelines.evaluate.continuing import continuations

    refs = refer(teachers, Inference(dtype=dtype, device_map=device_map))
    test = tested_rows(examples.read(), fitted)
    return continuations(test, fitted, refs, {arm: students / arm for arm in (CONTROL, STUDENT)})


def tested_rows(examples: "pl.DataFrame", encoder: "Encoder") -> "pl.DataFrame":
    """Return the rows of the test split of which it is known what is right."""
    test = _known(examples, encoder, "test")
    if test.is_empty():
        raise DataError("no row of the test split has a label. Raise data.test, or label some.")
    return test


def _known(examples: "pl.DataFrame", encoder: "Encoder", split: str) -> "pl.DataFrame":
    """Return the rows of a split of which it is known what is right."""
    import polars as pl

    rows = examples.filter(pl.col("split") == split)
    return rows.filter(pl.col("label").is_not_null()) if encoder.classes else rows
