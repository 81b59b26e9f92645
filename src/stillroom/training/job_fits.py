"""Fits of a job: the parameters of teachers and students in, the fits that a worker trains out.

Teacher, member ──teacher_fit──> Fit
Run, Student, Objective ──student_fits──> Fits: twins have one seed, and only one has a teacher
TeacherRef, … ──live_config──> LiveConfig
"""

from collections.abc import Sequence
from typing import Literal

from stillroom.config.schema import Objective, SoftLabels, Student, Teacher
from stillroom.errors import ConfigError, nearest
from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, Run
from stillroom.teachers.softlabels_config import combination_of
from stillroom.teachers.teacher import TeacherRef
from stillroom.training.job import Fit, LiveConfig, Start

FEW = 10  # classes that an error lists


def teacher_fit(teacher: Teacher, member: int, rows: str, start: Start | None = None) -> Fit:
    """Return the fit of one member of an ensemble that is trained here.

    Args:
        teacher: the section `teacher`.
        member: the number of the member, which is added to the seed.
        rows: the value of `Fit.rows`.
        start: the model that it is fine-tuned from; None if it is trained from scratch.
    """
    return Fit(
        name=f"teacher {member + 1}",
        architecture=teacher.architecture,
        optimisation=teacher.as_optimisation(),
        rows=rows,
        objective=None,
        start=start,
        seed=teacher.seed + member,
        shift=teacher.shift,
        label_smoothing=teacher.label_smoothing,
        output=f"member_{member}",
    )


def student_fits(
    runs: Sequence[Run],
    student: Student,
    objective: Objective,
    classes: Sequence[str],
    start: Start | None,
    mode: Literal["cached", "live"],
) -> list[Fit]:
    """Return the fits of students and their controls; runs of one number have one seed.

    Args:
        runs: the arm of each, and its number, which is added to the seed.
        student: the section `student`.
        objective: what a student learns; a control learns only from hard labels.
        classes: the names of the classes.
        start: the model whose weights they start with, if any.
        mode: where the answers of the teachers come from.

    Raises:
        ConfigError: `student.transfer` names a class that does not exist.
    """
    without = _class_numbers(student.transfer.without, "without", classes)
    balance = _class_numbers(student.transfer.balance, "balance", classes)
    return [
        Fit(
            name=run.name,
            architecture=student.architecture,
            optimisation=student.as_optimisation(),
            rows="all",
            objective=None if run.arm == CONTROL else objective,
            mode="live" if run.arm == FULL_LOGITS else mode,
            start=start,
            adapter=student.adapter,
            seed=student.seed + run.number,
            shift=0,
            label_smoothing=0.0,
            share=student.transfer.share,
            without=without,
            balance=balance,
            output=run.name,
        )
        for run in runs
    ]


def live_config(refs: Sequence[TeacherRef], softlabels: SoftLabels) -> LiveConfig:
    """Return the teachers that run within the training step, and how they are combined."""
    combination = combination_of(softlabels, len(refs))
    return LiveConfig(
        teachers=[str(ref.path) for ref in refs],
        shares=list(combination.shares),
        mean=combination.mean,
        combine=softlabels.combine,
        inference=refs[0].inference,
    )


def _class_numbers(names: Sequence[str], key: str, classes: Sequence[str]) -> tuple[int, ...]:
    for name in names:
        if name not in classes:
            some = ", ".join(classes[:FEW]) + (", …" if len(classes) > FEW else "")
            raise ConfigError(
                f"student.transfer.{key} names {name!r}, which is none of the {len(classes)} "
                f"classes: {some}.{nearest(name, list(classes))}"
            )
    return tuple(list(classes).index(name) for name in names)
