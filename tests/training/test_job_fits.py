"""Fits of a job: seeds of twins and members, and classes that do not exist."""

from dataclasses import replace
from pathlib import Path

import pytest

from stillroom.config.compose import compose
from stillroom.config.schema import Adapter, Objective, Student, Teacher
from stillroom.errors import ConfigError
from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, STUDENT, Run
from stillroom.training.job_fits import student_fits, teacher_fit

PARAMETERS = compose(Path(__file__).resolve().parents[2])
PUPIL = Student(**PARAMETERS["student"])
OBJECTIVE = Objective(**PARAMETERS["objective"])
CLASSES = ("a", "b", "c")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_twins_differ_only_in_their_objective_and_their_name(number: int) -> None:
    runs = [Run(arm, number) for arm in (CONTROL, STUDENT)]
    control, student = student_fits(runs, PUPIL, OBJECTIVE, CLASSES, None, "cached")
    assert control.seed == student.seed == PUPIL.seed + number
    assert (control.objective, student.objective) == (None, OBJECTIVE)
    names = {"name": student.name, "output": student.output}
    assert replace(control, objective=OBJECTIVE, **names) == student


def test_student_and_control_have_the_same_adapter() -> None:
    lora = Adapter(kind="lora", rank=8, alpha=16, dropout=0.0, targets=None)
    runs = [Run(arm, 0) for arm in (CONTROL, STUDENT)]
    pupil = replace(PUPIL, adapter=lora)
    fits = student_fits(runs, pupil, OBJECTIVE, CLASSES, None, "cached")
    assert [fit.adapter for fit in fits] == [lora, lora]


def test_the_arm_of_full_logits_learns_from_a_live_teacher() -> None:
    (fit,) = student_fits([Run(FULL_LOGITS, 0)], PUPIL, OBJECTIVE, CLASSES, None, "cached")
    assert fit.mode == "live"


def test_classes_become_their_numbers() -> None:
    without = replace(PUPIL, transfer=replace(PUPIL.transfer, without=["c", "a"]))
    (fit,) = student_fits([Run(STUDENT, 0)], without, OBJECTIVE, CLASSES, None, "cached")
    assert fit.without == (2, 0)


def test_a_class_that_does_not_exist_is_refused() -> None:
    without = replace(PUPIL, transfer=replace(PUPIL.transfer, without=["d"]))
    with pytest.raises(ConfigError, match=r"transfer\.without names 'd', which is none of the 3"):
        student_fits([Run(STUDENT, 0)], without, OBJECTIVE, CLASSES, None, "cached")


def test_members_have_seeds_of_their_own() -> None:
    teacher = Teacher(**PARAMETERS["teacher"])
    fits = [teacher_fit(teacher, member, "labelled") for member in range(3)]
    assert [fit.seed for fit in fits] == [teacher.seed, teacher.seed + 1, teacher.seed + 2]
    assert [fit.output for fit in fits] == ["member_0", "member_1", "member_2"]
