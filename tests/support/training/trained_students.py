"""Students that the worker really trains, on soft labels of planted examples.

examples ──a teacher that knows the posterior──> soft labels ──worker──> students ──> predictions
"""

from pathlib import Path

import polars as pl
import torch
from support.evaluation.planted_classes import STRENGTH, Examples
from support.examples.image_examples import ImageExamples, soft_labels
from support.objectives.objective_config import HINTON
from support.training.jobs import a_fit, a_job, fitted

from stillroom.config.schema import Architecture
from stillroom.data.encoders import read_encoder
from stillroom.evaluation.arms import CONTROL, STUDENT, runs
from stillroom.io.tables import TableFile, write_table
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import save_model
from stillroom.models.shape import Shape
from stillroom.pipelines.evaluate.nodes import predict
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.process.worker import run
from stillroom.training.resume_state import gather_models
from stillroom.training.signals import StopRequest

SMALL = Architecture(name="mlp", options={"hidden": [32]})
SEEDS = 3


def exact_teacher(examples: Examples, folder: Path) -> Path:
    """Write a teacher whose logits are STRENGTH times the features, as in the posterior."""
    encoder = read_encoder(examples.encoder)
    size = len(encoder.classes)
    model = build("mlp", {"hidden": [2 * size]}, Shape.of(encoder), seed=0)
    mean, scale = torch.tensor(encoder.mean), torch.tensor(encoder.scale)
    first, last = model.layers[0], model.layers[-1]
    with torch.no_grad():
        # x = relu(x) - relu(-x); the encoder has standardised x.
        first.weight.copy_(torch.cat([scale.diag(), -scale.diag()]))
        first.bias.copy_(torch.cat([mean, -mean]))
        last.weight.copy_(STRENGTH * torch.cat([torch.eye(size), -torch.eye(size)], dim=1))
        last.bias.zero_()
    save_model(model, encoder, folder / "member_0")
    return folder


def shuffled(examples: Examples, path: Path) -> TableFile:
    """Write the examples with the features of training rows in another order, under their keys."""
    table = examples.table.read()
    train = table.filter(pl.col("split") == "train")
    other = train.with_columns(features=train["features"].shuffle(seed=3))
    write_table(pl.concat([other, table.filter(pl.col("split") != "train")]), path)
    return TableFile(path)


def predictions_of_trained(examples: Examples, captured: TableFile, folder: Path) -> pl.DataFrame:
    """Return predictions of students that were trained on the teacher's answers to `captured`."""
    teachers = exact_teacher(examples, folder / "teachers")
    labels = soft_labels(ImageExamples(captured, examples.encoder), teachers, folder / "set")
    students = _students(ImageExamples(examples.table, examples.encoder), labels, folder)
    return predict(examples.table, examples.encoder, labels, teachers, "float32", "cpu", students)


def _students(made: ImageExamples, labels: SoftLabelSet, folder: Path) -> Path:
    fits = [
        a_fit(
            name=one.name,
            output=one.name,
            architecture=SMALL,
            optimisation=fitted(epochs=12, batch_size=64),
            objective=None if one.arm == CONTROL else HINTON,
            seed=one.number,
        )
        for one in runs((CONTROL, STUDENT), SEEDS)
    ]
    (folder / "work").mkdir()
    job = a_job(made, folder / "work", fits=fits, soft_labels=str(labels.folder))
    try:
        run(job, StopRequest())
    finally:
        torch.use_deterministic_algorithms(False)
    gather_models(job, folder / "students")
    return folder / "students"
