"""Two runs at once in one folder: each has the numbers of its own parameters, or is refused."""

import os
import random
import re
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project
from support.command_line import quick_project
from support.faults.whole_runs import (
    REFUSED,
    Command,
    Ended,
    forget,
    must_run,
    results,
    whole_project,
)

from stillroom.cli import cli
from stillroom.io.runs.run_lock import run_lock

DISTILL = ("--pipeline=distill", "--params")
FIRST, SECOND = "student.epochs=2", "student.epochs=6,teacher.epochs=5"
# A row of the end table up to the parameters; the last column is a time.
ROW = re.compile(r"^ +(Teacher|Student.*?) {2,}(.*\d) +[\d.]+ *$", re.MULTILINE)


def numbers(output: str) -> list[tuple[str, str]]:
    return [(name, re.sub(r" +", " ", row)) for name, row in ROW.findall(output)]


@pytest.mark.faults
@pytest.mark.parametrize("rounds", [20])
def test_each_of_two_runs_prints_its_own_numbers_or_is_refused(
    rounds: int, tmp_path: Path, add_to_summary: Callable[[str], None]
) -> None:
    project, draws = whole_project(tmp_path / "project"), random.Random(rounds)
    alone, written, seconds = {}, {}, 0.0
    for params in (FIRST, SECOND):
        forget(project)
        ended = must_run(project, *DISTILL, params)
        alone[params], written[params] = numbers(ended.output), results(project)
        seconds = ended.seconds
    assert len(alone[FIRST]) == 3
    assert alone[FIRST] != alone[SECOND]
    seen: Counter[str] = Counter()
    for _ in range(rounds):
        forget(project)
        first = Command(project, ("kedro", "run", *DISTILL, FIRST))
        with suppress(subprocess.TimeoutExpired):
            first.process.wait(draws.choice([0.0, draws.uniform(0, seconds)]))
        second = Command(project, ("kedro", "run", *DISTILL, SECOND))
        ended = {FIRST: first.end(), SECOND: second.end()}
        last = [params for params in (FIRST, SECOND) if was_allowed(ended[params])][-1]
        assert all(numbers(ended[one].output) == alone[one] for one in ended if not ended[one].code)
        assert results(project) == written[last]
        seen[" and ".join("ran" if not one.code else "refused" for one in ended.values())] += 1
    counts = ", ".join(f"{count} {what}" for what, count in sorted(seen.items()))
    add_to_summary(f"two runs at once, {rounds} rounds: {counts}; 0 mixed")


def was_allowed(ended: Ended) -> bool:
    """Check that a run ended well, or was refused in one line; return whether it ended well."""
    if ended.code == 0:
        return True
    lines = [line for line in ended.output.splitlines() if line.startswith("Error: ")]
    assert (ended.code, len(lines)) == (1, 1), ended.output
    assert lines[0].startswith(REFUSED)
    assert "Traceback" not in ended.output
    return False


def test_a_run_is_refused_while_another_one_works_in_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(quick_project(project))
    bootstrap_project(project)
    with run_lock(project, "kedro run --pipelines=train"):
        refused = CliRunner().invoke(cli, ["run", "--pipeline=ingest"])
    assert refused.exit_code == 1
    assert f"{REFUSED}`kedro run --pipelines=train`, process {os.getpid()} on" in refused.output
    assert "Traceback" not in refused.output
    assert not (project / "data/02_examples").exists()
    assert CliRunner().invoke(cli, ["run", "--pipeline=ingest"]).exit_code == 0
