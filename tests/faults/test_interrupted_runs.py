"""Signals at any moment of a whole command: the same command goes on to the same bytes.

These run real commands, each of which imports for seconds, so all but the smallest are for
`make faults`.
"""

import random
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from support.faults.whole_runs import (
    GOES_ON,
    RESULTS,
    Command,
    Ended,
    forget,
    must_run,
    results,
    whole_project,
)

TEACHERS = "--pipelines=ingest,teachers"
DISTILL = "--pipeline=distill"


@pytest.mark.faults
@pytest.mark.parametrize("kills", [50])
def test_teachers_that_are_killed_at_any_moment_continue_to_equal_bytes(
    kills: int, tmp_path: Path, add_to_summary: Callable[[str], None]
) -> None:
    project, draws = whole_project(tmp_path / "project"), random.Random(kills)
    must_run(project, TEACHERS)  # by now the imports are in the disk cache
    wanted = results(project)
    forget(project)
    seconds = must_run(project, TEACHERS).seconds
    assert results(project) == wanted
    done = resumed = continued = 0
    while done < kills:
        forget(project)
        for _ in range(min(5, kills - done)):
            ended = started(project, TEACHERS).end(signal.SIGKILL, draws.uniform(0.5, seconds))
            done += ended.code == -signal.SIGKILL
            if ended.code == 0:
                break
        last = must_run(project, TEACHERS)
        resumed += 1
        continued += "not trained again" in last.output or "continues in epoch" in last.output
        assert results(project) == wanted
    add_to_summary(
        f"teachers: {done} kills in {resumed} runs, of which {continued} went on from finished "
        "teachers or from the middle of one; 0 differ by a byte"
    )


@pytest.mark.faults
@pytest.mark.parametrize("moments", [50])
def test_a_run_that_a_signal_ends_says_so_and_continues_to_equal_bytes(
    moments: int, tmp_path: Path, add_to_summary: Callable[[str], None]
) -> None:
    project = whole_project(tmp_path / "project")
    must_run(project, DISTILL)
    wanted = results(project)
    assert {name.split("/")[0] for name in wanted} >= set(RESULTS)
    forget(project)
    seconds = must_run(project, DISTILL).seconds
    assert results(project) == wanted
    seen: Counter[str] = Counter()
    for moment in range(moments):
        number = (signal.SIGTERM, signal.SIGINT)[moment % 2]
        forget(project)
        ended = started(project, DISTILL).end(number, seconds * moment / moments)
        seen[require_said(ended, number)] += 1
        again = must_run(project, DISTILL)
        assert results(project) == wanted, again.output
        if "train: train_students" in ended.output:
            assert "teachers: 2 of 2 unchanged, not trained again" in again.output
            seen["no teacher trained again"] += 1
    counts = ", ".join(f"{count} {what}" for what, count in sorted(seen.items()))
    add_to_summary(f"SIGTERM and SIGINT at {moments} moments of distill: {counts}; 0 differ")


def started(project: Path, *words: str) -> Command:
    return Command(project, ("kedro", "run", *words))


def require_said(ended: Ended, number: signal.Signals) -> str:
    """Check how an interrupted command ended, and return it in words."""
    if ended.code == 0:
        return "ended before the signal"
    if " INFO " not in ended.output and GOES_ON not in ended.output:
        return "before the first node"  # Python was importing, and nothing had begun
    assert ended.code == -number, ended.output
    assert ended.output.splitlines()[-1] == f"Stopped by {number.name}. {GOES_ON}"
    assert "Traceback" not in ended.output
    return f"said so on {number.name}"
