"""Hostile inputs at every door: one line of error or a harmless result, and never an effect.

Each attempt is a real command in a project of its own, whose home is empty and whose surroundings
hold a secret. `make hostile` runs them all.
"""

import shutil
from pathlib import Path

import pytest
from support.hostile.attempt import Attempt
from support.hostile.doors.every_attempt import every_attempt
from support.hostile.guarded_command import Outside, observe
from support.hostile.judgement import faults_of
from support.hostile.projects import empty_project
from support.hostile.tiny_models import distilled_template

ATTEMPTS = every_attempt()
SAMPLE = 80  # `make test` runs every 80th attempt


def test_there_are_at_least_300_attempts_and_no_two_of_one_name() -> None:
    assert len({attempt.key for attempt in ATTEMPTS}) == len(ATTEMPTS) >= 300


def _marks(number: int, attempt: Attempt) -> list[pytest.MarkDecorator]:
    full = [] if number % SAMPLE == 0 else [pytest.mark.hostile]
    known = [pytest.mark.xfail(reason=attempt.known, strict=False)] if attempt.known else []
    return [*full, *known]


def _params() -> list[object]:
    return [
        pytest.param(
            attempt,
            id=ascii(attempt.key)[1:-1][:90],
            marks=_marks(number, attempt),
        )
        for number, attempt in enumerate(ATTEMPTS)
    ]


@pytest.mark.parametrize("attempt", _params())
def test_a_hostile_input_has_no_effect(attempt: Attempt, tmp_path: Path) -> None:
    outside = Outside(tmp_path)
    if attempt.base == "distilled":
        shutil.copytree(distilled_template(), outside.project, symlinks=True)
    else:
        empty_project(outside.project)
    params = attempt.prepare(outside.project)
    given = ",".join(f"{key}={value}" for key, value in params.items())
    words = (*attempt.command, *(("--params", given) if given else ()))
    assert faults_of(attempt, observe(outside, words, attempt.environment)) == []
