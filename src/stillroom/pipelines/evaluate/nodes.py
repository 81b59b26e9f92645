"""The nodes of evaluate: the test split through every model, then measured.

examples, encoder, soft labels, students ──predict──> predictions
predictions ──measure_quality──> metrics, reliability, confusion, similarity
examples, encoder, teachers, students ──measure_cost──> cost
                                      └─continue_texts──> continuations
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import DeviceMap, Dtype, Evaluate, Inference
from stillroom.errors import DataError
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    import polars as pl

    from stillroom.data.encoders import Encoder
    from stillroom.softlabels.dataset import SoftLabelSet
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any

STUDENTS = ("control", "student")
MODELS = ("teacher", *STUDENTS)
DECIMALS = 6

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
    """Return each model's probabilities on the labelled rows of the test split.

    Where every logit was kept, the teacher's answers are read from the soft labels. What a
    truncated set has of them is no measure of the teacher, so it is asked again.

    Args:
        examples: every example, with `example_id`, `split`, `label` and its content.
        encoder: the folder of the encoder.
        soft_labels: the ensemble's answers to the test split.
        teachers: a folder with one model directory per member, whose answers they must be.
        dtype, device_map: how the teachers run.
        students: a folder with the model directories `control` and `student`.

    Returns:
        polars.DataFrame: `example_id`, `label`, and `teacher`, `control`, `student`, each
        list[float32], C long; of a language model what `predict_tokens` says.

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
    own = {name: students / name for name in STUDENTS}
    if isinstance(fitted, SequenceEncoder):
        from stillroom.pipelines.evaluate.tokens import predict_tokens

        test = _test_split(examples.read(), fitted)
        return predict_tokens(test, fitted, refs, soft_labels.ensemble, own)
    from stillroom.pipelines.evaluate.classes import predict_classes

    return predict_classes(_test_split(examples.read(), fitted), fitted, refs, soft_labels, own)


def measure_quality(
    predictions: TableFile, encoder: Path, evaluate: Evaluate
) -> tuple[Numbers, Records, Records, Records]:
    """Return the metrics, and the records of the three plots.

    Args:
        predictions: as `predict` returns them.
        encoder: the folder of the encoder, whose `classes` name the outputs.
        evaluate: how to measure.

    Returns:
        metrics: per model its measures; under `gain` what the teacher brought the student over
            its control, better being positive, and the standard error of the gain in accuracy.
            Rounded to 6 decimals, so that equal predictions give equal bytes.
        reliability, confusion, similarity: flat records.

    Raises:
        DataError: predictions that are no distributions, or that do not fit the classes.
    """
    from stillroom.data.encoders import SequenceEncoder, read_encoder

    fitted, frame = read_encoder(encoder), predictions.read()
    if isinstance(fitted, SequenceEncoder):
        from stillroom.pipelines.evaluate.tokens import measure_tokens

        metrics, reliability = measure_tokens(frame, fitted.task, evaluate.bins)
        return _rounded(metrics), reliability, [], []
    from stillroom.pipelines.evaluate.classes import measure_classes

    found = measure_classes(frame, fitted.classes, evaluate.bins)
    return _rounded(found[0]), *found[1:]


def measure_cost(
    examples: TableFile,
    encoder: Path,
    teachers: Path,
    dtype: Dtype,
    device_map: DeviceMap,
    students: Path,
    evaluate: Evaluate,
) -> Numbers:
    """Return parameters, megabytes of weights and milliseconds per image of each model.

    The teacher's numbers are the sums over its members, since every one of them must answer.

    Args:
        examples: every example; the first `latency_images` of the test split are run.
        encoder: the folder of the encoder.
        teachers: a folder with one model directory per member.
        dtype, device_map: how the teachers run.
        students: a folder with the model directories `control` and `student`.
        evaluate: how many images to time.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged, or there is no teacher.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.models.directory import EXACT
    from stillroom.teachers.reference import refer

    timed = _test_split(examples.read(), read_encoder(encoder)).head(evaluate.latency_images)
    asked = Inference(dtype=dtype, device_map=device_map)
    models = {"teacher": [(ref.path, asked) for ref in refer(teachers)]}
    models |= {name: [(students / name, EXACT)] for name in STUDENTS}
    return {name: _cost_together(of, timed, evaluate.latency_images) for name, of in models.items()}


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
    return continuations(test, fitted, refs, {name: students / name for name in STUDENTS})


def _test_split(examples: "pl.DataFrame", encoder: "Encoder") -> "pl.DataFrame":
    """Return the rows of the test split of which it is known what is right."""
    import polars as pl

    test = examples.filter(pl.col("split") == "test")
    if encoder.classes:
        test = test.filter(pl.col("label").is_not_null())
    if test.is_empty():
        raise DataError("no row of the test split has a label. Raise data.test, or label some.")
    return test


def _rounded(metrics: Numbers) -> Numbers:
    # Adding zero turns -0.0, as rounding leaves it, into 0.0.
    return {
        group: {name: round(value, DECIMALS) + 0.0 for name, value in values.items()}
        for group, values in metrics.items()
    }


def _cost_together(
    models: list[tuple[Path, Inference]], timed: "pl.DataFrame", images: int
) -> dict[str, int | float]:
    from stillroom.evaluation.cost import cost, together
    from stillroom.models.directory import load_model, read_encoder
    from stillroom.pipelines.evaluate.running import running

    costs = []
    for path, inference in models:
        model, own = load_model(path, inference), read_encoder(path)
        # A teacher's inputs may be others than the student's.
        costs.append(cost(model, running(model, own), own.encode(timed), images))
    total = together(costs)
    return {
        "parameters": total.parameters,
        "megabytes": round(total.weight_bytes / 1e6, 3),
        "ms_per_image": round(total.ms_per_image, 4),
    }
