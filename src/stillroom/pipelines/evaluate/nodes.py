"""The nodes of evaluate: the test split through every model, then measured.

examples, encoder, soft labels, students ──predict──> predictions
predictions ──measure_quality──> metrics, reliability, confusion, similarity
examples, encoder, teachers, students ──measure_cost──> cost
"""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import Evaluate
from stillroom.errors import DataError
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from stillroom.softlabels.dataset import SoftLabelSet
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any

MODELS = ("teacher", "control", "student")
DECIMALS = 6
BATCH_SIZE = 256

Numbers = dict[str, dict[str, int | float]]
Records = list[dict[str, Any]]


def predict(
    examples: TableFile,
    encoder: dict[str, Any],
    soft_labels: SoftLabelSet,
    teachers: Path,
    students: Path,
) -> Any:
    """Return each model's probabilities on the labelled rows of the test split.

    Where every logit was kept, the teacher's answers are read from the soft labels. What a
    truncated set has of them is no measure of the teacher, so it is asked again.

    Args:
        examples: every example, with `example_id`, `split`, `label` and its content.
        encoder: the encoder's JSON document.
        soft_labels: the ensemble's answers to the test split.
        teachers: a folder with one model directory per member, whose answers they must be.
        students: a folder with the model directories `control` and `student`.

    Returns:
        polars.DataFrame: `example_id`, `label`, and `teacher`, `control`, `student`, each
        list[float32], C long.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged.
    """
    import numpy as np
    import polars as pl

    from stillroom.data.encoders import Encoder
    from stillroom.models.directory import load_model
    from stillroom.models.forward import probabilities
    from stillroom.teachers.ensemble import probabilities_of
    from stillroom.teachers.reference import refer

    refs = refer(teachers)
    soft_labels.require(encoder["classes"], [ref.weights for ref in refs])
    test = _test_split(examples.read())
    inputs = Encoder.from_json(encoder).encode(test)
    answers = {
        "teacher": soft_labels.plain(test["example_id"].to_list(), 1.0).dense()
        if soft_labels.is_whole
        else probabilities_of(refs, soft_labels.ensemble, encoder["classes"], test),
        "control": probabilities(load_model(students / "control"), inputs, BATCH_SIZE),
        "student": probabilities(load_model(students / "student"), inputs, BATCH_SIZE),
    }
    columns = [pl.Series(name, answers[name].astype(np.float32)).arr.to_list() for name in MODELS]
    return test.select("example_id", "label").with_columns(columns)


def measure_quality(
    predictions: TableFile, encoder: dict[str, Any], evaluate: Evaluate
) -> tuple[Numbers, Records, Records, Records]:
    """Return the metrics, and the records of the three plots.

    Args:
        predictions: as `predict` returns them.
        encoder: the encoder's JSON document; its `classes` name the outputs.
        evaluate: how to measure.

    Returns:
        metrics: per model its measures; under `gain` what the teacher brought the student over
            its control, better being positive, and the standard error of the gain in accuracy.
            Rounded to 6 decimals, so that equal predictions give equal bytes.
        reliability, confusion, similarity: flat records.

    Raises:
        DataError: predictions that are no distributions, or that do not fit the classes.
    """
    from stillroom.evaluation.calibration import reliability
    from stillroom.evaluation.confusion import confusion_records
    from stillroom.evaluation.similarity import mean_soft_labels, similarity_records

    frame = predictions.read()
    labels = frame["label"].to_numpy()
    answers = {name: _matrix(frame, name) for name in MODELS}
    classes: list[str] = encoder["classes"]
    return (
        _metrics(answers, labels, evaluate.bins),
        [row for name in MODELS for row in reliability(name, answers[name], labels, evaluate.bins)],
        [row for name in MODELS for row in confusion_records(name, answers[name], labels, classes)],
        similarity_records(mean_soft_labels(answers["teacher"], labels), classes),
    )


def measure_cost(
    examples: TableFile,
    encoder: dict[str, Any],
    teachers: Path,
    students: Path,
    evaluate: Evaluate,
) -> Numbers:
    """Return parameters, megabytes of weights and milliseconds per image of each model.

    The teacher's numbers are the sums over its members, since every one of them must answer.

    Args:
        examples: every example; the first `latency_images` of the test split are run.
        encoder: the encoder's JSON document.
        teachers: a folder with one model directory per member.
        students: a folder with the model directories `control` and `student`.
        evaluate: how many images to time.

    Raises:
        DataError: no row of the test split has a label.
        ModelError: a model directory is missing or damaged, or there is no teacher.
    """
    from stillroom.data.encoders import Encoder
    from stillroom.teachers.reference import refer

    rows = _test_split(examples.read()).head(evaluate.latency_images)
    inputs = Encoder.from_json(encoder).encode(rows)
    directories = {
        "teacher": [ref.path for ref in refer(teachers)],
        "control": [students / "control"],
        "student": [students / "student"],
    }
    return {
        name: _cost_together(paths, inputs, evaluate.latency_images)
        for name, paths in directories.items()
    }


def _test_split(examples: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    test = examples.filter((pl.col("split") == "test") & pl.col("label").is_not_null())
    if test.is_empty():
        raise DataError("no row of the test split has a label. Raise data.test, or label some.")
    return test


def _matrix(predictions: "pl.DataFrame", name: str) -> "NDArray[np.float64]":
    import numpy as np

    return np.array(predictions[name].to_list(), dtype=np.float64)


def _metrics(answers: "dict[str, NDArray[Any]]", labels: "NDArray[Any]", bins: int) -> Numbers:
    from stillroom.evaluation.metrics import quality, standard_error_of_gain

    measured = {
        name: quality(probabilities, labels, answers["teacher"], bins)
        for name, probabilities in answers.items()
    }
    student, control = measured["student"], measured["control"]
    error = standard_error_of_gain(answers["student"], answers["control"], labels)
    gain = {
        "accuracy": student.accuracy - control.accuracy,
        "accuracy_standard_error": error,
        "nll": control.nll - student.nll,
    }
    groups = {name: asdict(measures) for name, measures in measured.items()} | {"gain": gain}
    return {name: _rounded(values) for name, values in groups.items()}


def _rounded(values: dict[str, float]) -> dict[str, int | float]:
    # Adding zero turns -0.0, as rounding leaves it, into 0.0.
    return {name: round(value, DECIMALS) + 0.0 for name, value in values.items()}


def _cost_together(
    paths: list[Path], inputs: "NDArray[Any]", images: int
) -> dict[str, int | float]:
    from stillroom.evaluation.cost import cost, together
    from stillroom.models.directory import load_model
    from stillroom.models.forward import logits

    models = [load_model(path) for path in paths]
    costs = [cost(model, partial(logits, model, batch_size=1), inputs, images) for model in models]
    total = together(costs)
    return {
        "parameters": total.parameters,
        "megabytes": round(total.weight_bytes / 1e6, 3),
        "ms_per_image": round(total.ms_per_image, 4),
    }
