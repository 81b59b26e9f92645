"""Nodes of `train`: the student, and the twin that it is judged against."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from stillroom.config.field_types import DeviceMap, Dtype
from stillroom.config.schema import (
    FROM_TEACHER,
    Inference,
    Objective,
    SoftLabels,
    Student,
    Trainer,
    plain,
)
from stillroom.errors import ConfigError, nearest
from stillroom.io.files.paths import project_root
from stillroom.io.files.workspace import live_curves, new_workspace, unfinished
from stillroom.io.tables import TableFile
from stillroom.teachers.softlabels_config import combination_of, require_configured

if TYPE_CHECKING:
    from stillroom.evaluation.arms import Run
    from stillroom.softlabels.reading.label_set import SoftLabelSet
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
    seeds: int,
    full_logits: bool,
    trainer: Trainer,
) -> tuple[Path, Any]:
    """Return a folder with `student/`, `control/` and their kin, and their learning curves.

    The control is the same student with the same seed and the same batches, learning from hard
    labels alone. Each further seed has a pair of its own, as `student_1/` and `control_1/`. With
    `full_logits` and a cache that keeps less, a third one learns from all that the teachers say.

    Raises:
        SoftLabelError: the soft labels are not those of the teachers, classes and parameters at
            hand.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, STUDENT, runs
    from stillroom.teachers.teacher_ref import refer
    from stillroom.training.job import Job
    from stillroom.training.process.launch import train
    from stillroom.training.run_provenance import write_origin

    refs = refer(teachers, Inference(dtype=dtype, device_map=device_map))
    fitted = read_encoder(encoder)
    classes = fitted.classes
    soft_labels.require(classes, [ref.weights for ref in refs])
    require_configured(soft_labels, softlabels, fitted)
    is_more = full_logits and mode == "cached" and not soft_labels.is_whole
    arms = [CONTROL, STUDENT] + [FULL_LOGITS] * is_more
    job = Job(
        examples=str(examples.path),
        encoder=str(encoder),
        soft_labels=str(soft_labels.folder),
        folder=str(unfinished(project_root(), "train")),
        curves=str(live_curves(project_root(), "train")),
        fits=[
            _fit(run, student, objective, classes, refs[0].path, mode) for run in runs(arms, seeds)
        ],
        trainer=trainer,
        live=_live(refs, softlabels) if mode == "live" or is_more else None,
    )
    models = new_workspace(project_root(), "train") / "models"
    curves = train(job, models)
    learnt = {"student": student, "objective": objective}
    write_origin(models, soft_labels.manifest.content, plain(learnt))
    return models, curves


def _fit(
    run: "Run",
    student: Student,
    objective: Objective,
    classes: Sequence[str],
    teacher: Path,
    mode: Literal["cached", "live"],
) -> "Fit":
    from stillroom.evaluation.arms import CONTROL, FULL_LOGITS
    from stillroom.training.job import Fit

    return Fit(
        name=run.name,
        architecture=student.architecture,
        optimisation=student.alone(),
        rows="all",
        objective=None if run.arm == CONTROL else objective,
        mode="live" if run.arm == FULL_LOGITS else mode,
        teacher=str(teacher) if student.architecture.name == FROM_TEACHER else None,
        seed=student.seed + run.number,
        shift=0,
        label_smoothing=0.0,
        share=student.transfer.share,
        without=_numbers(student.transfer.without, "without", classes),
        balance=_numbers(student.transfer.balance, "balance", classes),
        output=run.name,
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
