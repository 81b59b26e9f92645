"""Nodes of `train`: the student, and the twin that it is judged against."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stillroom.config.schema import (
    FROM_TEACHER,
    DeviceMap,
    Dtype,
    Inference,
    Objective,
    SoftLabels,
    Student,
    Trainer,
)
from stillroom.errors import ConfigError, nearest
from stillroom.io.paths import project_root
from stillroom.io.tables import TableFile
from stillroom.io.workspace import new_workspace, unfinished
from stillroom.pipelines.teach.request import combination_of, require_configured

if TYPE_CHECKING:
    from stillroom.softlabels.dataset import SoftLabelSet
    from stillroom.training.job import Fit, Live
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any


FEW = 10  # classes that an error lists


def train_students(
    examples: TableFile,
    encoder: Path,
    soft_labels: SoftLabelSet,
    teachers: Path,
    softlabels: SoftLabels,
    student: Student,
    objective: Objective,
    mode: Literal["cached", "live"],
    dtype: Dtype,
    device_map: DeviceMap,
    trainer: Trainer,
) -> tuple[Path, Any]:
    """Return a folder with `student/` and `control/`, and their learning curves.

    The control is the same student with the same seed and the same batches, learning from hard
    labels alone.

    Raises:
        SoftLabelError: the soft labels are not those of the teachers, classes and parameters at
            hand.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.teachers.reference import refer
    from stillroom.training.job import Job
    from stillroom.training.launch import train

    refs = refer(teachers, Inference(dtype=dtype, device_map=device_map))
    fitted = read_encoder(encoder)
    classes = fitted.classes
    soft_labels.require(classes, [ref.weights for ref in refs])
    require_configured(soft_labels, softlabels, fitted)
    job = Job(
        examples=str(examples.path),
        encoder=str(encoder),
        soft_labels=str(soft_labels.folder),
        folder=str(unfinished(project_root(), "train")),
        fits=[
            _fit("control", student, None, classes, refs[0].path, mode),
            _fit("student", student, objective, classes, refs[0].path, mode),
        ],
        trainer=trainer,
        live=_live(refs, softlabels) if mode == "live" else None,
    )
    models = new_workspace(project_root(), "train") / "models"
    return models, train(job, models)


def _fit(
    name: str,
    student: Student,
    objective: Objective | None,
    classes: Sequence[str],
    teacher: Path,
    mode: Literal["cached", "live"] = "cached",
) -> "Fit":
    from stillroom.training.job import Fit

    return Fit(
        name=name,
        architecture=student.architecture,
        optimisation=student.alone(),
        rows="all",
        objective=objective,
        mode=mode,
        teacher=str(teacher) if student.architecture.name == FROM_TEACHER else None,
        seed=student.seed,
        shift=0,
        label_smoothing=0.0,
        share=student.transfer.share,
        without=_numbers(student.transfer.without, "without", classes),
        balance=_numbers(student.transfer.balance, "balance", classes),
        output=name,
    )


def _live(refs: Any, softlabels: SoftLabels) -> "Live":
    from stillroom.training.job import Live

    combination = combination_of(softlabels, len(refs))
    return Live(
        teachers=[str(ref.path) for ref in refs],
        shares=list(combination.shares),
        mean=combination.mean,
        combine=softlabels.combine,
        inference=refs[0].inference,
    )


def _numbers(names: Sequence[str], key: str, classes: Sequence[str]) -> tuple[int, ...]:
    for name in names:
        if name not in classes:
            some = ", ".join(classes[:FEW]) + (", …" if len(classes) > FEW else "")
            raise ConfigError(
                f"student.transfer.{key} names {name!r}, which is none of the {len(classes)} "
                f"classes: {some}.{nearest(name, list(classes))}"
            )
    return tuple(list(classes).index(name) for name in names)
