"""The nodes of evaluate: validation and test split through every run, then measured.

examples, encoder, soft labels, students ──predict──> predictions
predictions ──measure_quality──> metrics, statistics
            └─draw_plots──> reliability, confusion, similarity
examples, encoder, teachers, students ──measure_cost──> cost
                                      └─continue_texts──> continuations
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import DeviceMap, Dtype, Evaluate, Inference
from stillroom.errors import DataError
from stillroom.evaluation.runs import CONTROL, STUDENT, TEACHER, of_name
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
    """Return each run's probabilities on the labelled rows of validation and test.

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
        polars.DataFrame: `example_id`, `split`, `label`, and `teacher`, `control`, `student` and
        the other runs, each list[float32], C long; of a language model what `predict_tokens` says
        of the test split.

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
    own, every = _trained(students), examples.read()
    test = _test_split(every, fitted)
    if isinstance(fitted, SequenceEncoder):
        from stillroom.pipelines.evaluate.tokens import predict_tokens

        return predict_tokens(test, fitted, refs, soft_labels.ensemble, own)
    from stillroom.pipelines.evaluate.classes import predict_classes

    rows = _labelled(every, "validation").vstack(test)
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
    from stillroom.data.encoders import SequenceEncoder, read_encoder
    from stillroom.evaluation.statistics.evidence import evidence

    fitted, frame = read_encoder(encoder), predictions.read()
    if isinstance(fitted, SequenceEncoder):
        from stillroom.pipelines.evaluate.tokens import TokenAnswers, measure_tokens

        said = TokenAnswers.of_frame(frame)
        metrics = measure_tokens(said, fitted.task, evaluate.bins)
        return rounded(metrics), rounded(evidence(said.marks()).to_json())
    from stillroom.evaluation.answers import Answers
    from stillroom.pipelines.evaluate.classes import measure_classes

    test, validation = (Answers.of_frame(frame, split) for split in ("test", "validation"))
    metrics = measure_classes(test, validation, evaluate.bins)
    return rounded(metrics), rounded(evidence(test.marks()).to_json())


def draw_plots(
    predictions: TableFile, encoder: Path, evaluate: Evaluate
) -> tuple[Records, Records, Records]:
    """Return the records of reliability, confusion and similarity, of the runs that ship.

    Args:
        predictions, encoder, evaluate: as of `measure_quality`.
    """
    from stillroom.data.encoders import SequenceEncoder, read_encoder

    fitted, frame = read_encoder(encoder), predictions.read()
    if isinstance(fitted, SequenceEncoder):
        from stillroom.pipelines.evaluate.tokens import TokenAnswers, reliability_of_tokens

        return reliability_of_tokens(TokenAnswers.of_frame(frame), evaluate.bins), [], []
    from stillroom.evaluation.answers import Answers
    from stillroom.evaluation.plots import plots

    return plots(Answers.of_frame(frame, "test"), fitted.classes, evaluate.bins)


def measure_cost(
    examples: TableFile,
    encoder: Path,
    teachers: Path,
    dtype: Dtype,
    device_map: DeviceMap,
    students: Path,
    evaluate: Evaluate,
) -> Numbers:
    """Return what each model takes: see `evaluation.cost.model`.

    The teacher's numbers are of all its members together, since every one of them must answer.

    Args:
        examples: every example; the first `latency_images` of the test split are run.
        encoder: the folder of the encoder.
        teachers: a folder with one model directory per member.
        dtype, device_map: how the teachers run.
        students: a folder with the model directory of each run.
        evaluate: how many images to time.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged, or there is no teacher.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.models.directory import EXACT
    from stillroom.pipelines.evaluate.costs import Asked, costs_of
    from stillroom.teachers.reference import refer

    timed = _test_split(examples.read(), read_encoder(encoder)).head(evaluate.latency_images)
    inference = Inference(dtype=dtype, device_map=device_map)
    members = [Asked(ref.path, inference) for ref in refer(teachers)]
    student = costs_of([Asked(students / STUDENT, EXACT)], timed, evaluate.latency_images)
    # The control is the same model: what it takes is the student's.
    return {
        TEACHER: costs_of(members, timed, evaluate.latency_images),
        CONTROL: student,
        STUDENT: student,
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
    test = _test_split(examples.read(), fitted)
    return continuations(test, fitted, refs, {arm: students / arm for arm in (CONTROL, STUDENT)})


def _trained(students: Path) -> dict[str, Path]:
    """Return the model directory of each run, in the order of seeds."""
    names = [path.name for path in students.iterdir() if path.is_dir()]
    ordered = sorted(names, key=lambda name: (of_name(name).number, name))
    return {name: students / name for name in ordered}


def _test_split(examples: "pl.DataFrame", encoder: "Encoder") -> "pl.DataFrame":
    """Return the rows of the test split of which it is known what is right."""
    import polars as pl

    test = examples.filter(pl.col("split") == "test")
    if encoder.classes:
        test = _labelled(test, "test")
    if test.is_empty():
        raise DataError("no row of the test split has a label. Raise data.test, or label some.")
    return test


def _labelled(examples: "pl.DataFrame", split: str) -> "pl.DataFrame":
    import polars as pl

    return examples.filter((pl.col("split") == split) & pl.col("label").is_not_null())
