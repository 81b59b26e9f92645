"""Runs: from name to arm and seed, and back."""

from hypothesis import given
from hypothesis import strategies as st

from stillroom.evaluation.arms import (
    CONTROL,
    FULL_LOGITS,
    STUDENT,
    TEACHER,
    Run,
    run_of_name,
    runs,
    trained_arms,
)


def test_runs_of_one_seed_stand_together_and_the_first_has_the_arms_own_name() -> None:
    assert [run.name for run in runs((CONTROL, STUDENT), 2)] == [
        "control",
        "student",
        "control_1",
        "student_1",
    ]


@given(st.sampled_from([TEACHER, CONTROL, STUDENT, FULL_LOGITS]), st.integers(0, 99))
def test_a_name_names_its_run(arm: str, number: int) -> None:
    assert run_of_name(Run(arm, number).name) == Run(arm, number)


def test_full_logits_are_an_arm_where_they_are_wanted_and_a_cache_keeps_less() -> None:
    pair = [CONTROL, STUDENT]
    assert trained_arms("cached", full_logits=True, is_whole=False) == [*pair, FULL_LOGITS]
    assert trained_arms("cached", full_logits=True, is_whole=True) == pair
    assert trained_arms("cached", full_logits=False, is_whole=False) == pair
    assert trained_arms("live", full_logits=True, is_whole=False) == pair
