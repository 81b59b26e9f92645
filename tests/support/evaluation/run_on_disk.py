"""A run on disk: small examples, untrained teachers and students, and their soft labels."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from support.examples.image_examples import (
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)

from stillroom.config.schema import Evaluate
from stillroom.io.tables import TableFile, write_table
from stillroom.softlabels.reading.label_set import SoftLabelSet

RUN = ("float32", "cpu")

EVALUATE = Evaluate(
    seeds=1,
    full_logits=False,
    bins=15,
    latency_images=3,
    energy_seconds=0.2,
    sanity="stop",
    slices={},
)


@dataclass
class Run:
    """Real examples, teachers, students and soft labels on disk."""

    made: ImageExamples
    teachers: Path
    students: Path
    labels: SoftLabelSet


def on_disk(frame: pl.DataFrame, path: Path) -> TableFile:
    write_table(frame, path)
    return TableFile(path)


def a_run(folder: Path) -> Run:
    made = image_examples(folder)
    teachers = untrained_teachers(made, folder / "teachers")
    students = untrained_teachers(made, folder / "students")
    (students / "member_0").rename(students / "student")
    (students / "member_1").rename(students / "control")
    (folder / "every").mkdir()
    return Run(made, teachers, students, soft_labels(made, teachers, folder / "set"))
