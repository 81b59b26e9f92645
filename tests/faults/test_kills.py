"""SIGKILL at any moment of `capture`: the committed set is readable, the resumed one equal."""

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.faults.fault_project import (
    CAPTURES,
    LABELS,
    STATE,
    Stage,
    Tree,
    committed,
    litter,
    require_whole_store,
    store_tree,
    tree,
)
from support.faults.fork_server import ENVIRONMENT

from stillroom.softlabels.format.manifest import MANIFEST

OTHER_FILESYSTEM = Path("/dev/shm")
BEFORE, AMONG, VERIFYING, AFTER = (
    "before the first commit",
    "among the shards",
    "while verifying and publishing",
    "after the set's rename",
)


@dataclass(frozen=True)
class Case:
    """The initial state of a run, and its result if nothing kills it."""

    stage: Stage
    snapshot: Path
    previous: Tree | None
    wanted: Tree
    wanted_store: Tree
    seconds: float


def case(stage: Stage, snapshot: Path, runs: int) -> Case:
    """Run from the project's state without a kill; note the result and the time."""
    labels = stage.project / LABELS
    previous = tree(labels) if labels.exists() else None
    stage.keep(snapshot)
    seconds = []
    for _ in range(runs):
        stage.go_back(snapshot)
        seconds.append(stage.must_run().seconds)
    ends = statistics.median(seconds)
    return Case(stage, snapshot, previous, tree(labels), store_tree(stage.project), ends)


@pytest.fixture
def cases(capture_stage: Callable[..., Stage], tmp_path: Path) -> Callable[[int], list[Case]]:
    """Return a function that makes two cases: no set is there, or another set is in its place."""

    def make(runs: int) -> list[Case]:
        stage, previous = capture_stage(rows=8, seed=0), capture_stage(rows=8, seed=1)
        fresh = case(stage, tmp_path / "fresh", runs)
        previous.forget()
        previous.must_run()
        return [fresh, case(stage, tmp_path / "replacing", runs)]

    return make


@pytest.fixture
def elsewhere() -> Iterator[str | None]:
    """Return a folder of another filesystem, or None."""
    if not OTHER_FILESYSTEM.is_dir() or not os.access(OTHER_FILESYSTEM, os.W_OK):
        yield None
        return
    with tempfile.TemporaryDirectory(dir=OTHER_FILESYSTEM) as folder:
        yield folder


def moment(case: Case) -> str:
    """Return how far the killed run had come, from the files on disk."""
    project = case.stage.project
    labels = project / LABELS
    if labels.exists() and tree(labels) == case.wanted:
        return AFTER
    names = {Path(name).parts[0] for name in case.wanted_store}
    older = {p.name for p in (case.snapshot / CAPTURES).glob("*")}
    staged = project / STATE / "unverified_labels" / MANIFEST
    if staged.exists() and staged.read_bytes() == case.wanted[MANIFEST]:
        return VERIFYING
    if any((project / CAPTURES / name / MANIFEST).exists() for name in names - older):
        return AMONG
    return BEFORE


def require_sound(case: Case, scratch: Path) -> None:
    """Check the state after a kill."""
    committed_set = committed(case.stage.project, scratch)
    assert committed_set in ([case.wanted, case.previous] if case.previous else [case.wanted, None])
    require_whole_store(case.stage.project)


def require_resumed(case: Case) -> None:
    """Run to the end, and compare with a run that nothing interrupted."""
    case.stage.must_run()
    assert tree(case.stage.project / LABELS) == case.wanted
    assert store_tree(case.stage.project) == case.wanted_store
    assert litter(case.stage.project) == []


@pytest.mark.parametrize(
    ("kills", "on_another", "runs"),
    [(3, 1, 1), pytest.param(200, 40, 5, marks=pytest.mark.faults)],
)
def test_a_killed_capture_leaves_a_complete_set_and_continues_to_equal_bytes(
    kills: int,
    on_another: int,
    runs: int,
    cases: Callable[[int], list[Case]],
    elsewhere: str | None,
    tmp_path: Path,
    add_to_summary: Callable[[str], None],
) -> None:
    draws = random.Random(kills)
    moments: Counter[str] = Counter()
    both, done, resumed = cases(runs), 0, 0
    temporary = {"TMPDIR": elsewhere} if elsewhere else {}
    while done < kills:
        one = both[done % 2]
        one.stage.go_back(one.snapshot)
        again = True
        while again:  # one in three is killed again before it may finish
            away = temporary if done < on_another else {}
            after = draws.uniform(0, one.seconds)
            ran = one.stage.run(kill_after=after, environment=away)
            assert ran.code in (0, -9), ran.output
            if ran.code == -9:
                done += 1
                moments[moment(one)] += 1
            require_sound(one, tmp_path)
            again = ran.code == -9 and done < kills and draws.random() < 1 / 3
        require_resumed(one)
        resumed += 1
    counts = ", ".join(f"{moments[name]} {name}" for name in (BEFORE, AMONG, VERIFYING, AFTER))
    where = f"{on_another} of them with TMPDIR on another filesystem, " if temporary else ""
    add_to_summary(
        f"{done} kills: {where}{counts}; 0 torn; {resumed} resumed runs, 0 differ by a byte"
    )


def wait_for(path: Path, running: "subprocess.Popen[bytes]") -> None:
    """Wait until a path is there, as long as the process that makes it runs."""
    while not path.exists() and running.poll() is None:
        time.sleep(0.002)


@pytest.mark.parametrize("kills", [pytest.param(8, marks=pytest.mark.faults)])
def test_a_killed_kedro_run_continues_to_equal_bytes(
    kills: int,
    capture_stage: Callable[..., Stage],
    tmp_path: Path,
    add_to_summary: Callable[[str], None],
) -> None:
    stage, draws = capture_stage(rows=4), random.Random(kills)
    words = [str(Path(sys.executable).parent / "kedro"), *stage.words]
    settings = {"cwd": stage.project, "env": {**os.environ, **ENVIRONMENT}}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    stage.must_run()
    one = Case(stage, tmp_path, None, tree(stage.project / LABELS), store_tree(stage.project), 0)
    for _ in range(2):  # by now the imports are in the disk cache
        stage.forget()
        running = subprocess.Popen(words, **settings, **quiet)
        wait_for(stage.project / CAPTURES, running)
        started = time.monotonic()
        assert running.wait() == 0
        seconds = time.monotonic() - started
        assert tree(stage.project / LABELS) == one.wanted
    moments: Counter[str] = Counter()
    done = 0
    while done < kills:
        stage.forget()
        running = subprocess.Popen(words, **settings, **quiet)
        # The imports come first; a kill cannot damage anything in them.
        wait_for(stage.project / CAPTURES, running)
        time.sleep(draws.uniform(0, seconds))
        running.kill()
        if running.wait() == -9:
            done += 1
            moments[moment(one)] += 1
        require_sound(one, tmp_path)
        require_resumed(one)
    counts = ", ".join(f"{moments[name]} {name}" for name in (BEFORE, AMONG, VERIFYING, AFTER))
    add_to_summary(
        f"{done} kills of `kedro run --pipeline=capture`: {counts}; 0 torn, 0 differ by a byte"
    )


@pytest.mark.usefixtures("needs_shim")
@pytest.mark.parametrize("every", [90, pytest.param(1, marks=pytest.mark.faults)])
def test_a_kill_before_any_call_or_in_any_write_leaves_a_complete_set(
    every: int,
    capture_stage: Callable[..., Stage],
    tmp_path: Path,
    add_to_summary: Callable[[str], None],
) -> None:
    previous, stage = capture_stage(rows=64, seed=1), capture_stage(rows=64, seed=0)
    previous.must_run()
    one = case(stage, tmp_path / "replacing", 1)
    moments: Counter[str] = Counter()
    at, root = 1, str(stage.project)
    while True:
        stage.go_back(one.snapshot)
        ran = stage.run(fault={"root": root, "kinds": "wsrm", "at": at, "errno": 0})
        if ran.code == 0:
            break
        assert ran.code == -9, ran.output
        moments[moment(one)] += 1
        require_sound(one, tmp_path)
        if at % 4 == 0 or every > 1:
            require_resumed(one)
        at += every
    counts = ", ".join(f"{moments[name]} {name}" for name in (BEFORE, AMONG, VERIFYING, AFTER))
    add_to_summary(
        f"killed in each {every} of {at - 1} calls that write, sync, rename, remove: {counts}"
    )


@pytest.mark.usefixtures("needs_shim")
@pytest.mark.parametrize("every", [20, pytest.param(1, marks=pytest.mark.faults)])
def test_a_set_under_another_name_survives_a_second_kill(
    every: int,
    capture_stage: Callable[..., Stage],
    tmp_path: Path,
    add_to_summary: Callable[[str], None],
) -> None:
    previous, stage = capture_stage(rows=64, seed=1), capture_stage(rows=64, seed=0)
    previous.must_run()
    one = case(stage, tmp_path / "replacing", 1)
    labels, root = stage.project / LABELS, str(stage.project)
    stage.go_back(one.snapshot)
    aside = labels.with_name(f".{LABELS.name}.{'0' * 32}.replaced")
    stage.must_run()
    done = stage.keep(tmp_path / "done")  # the store is full, so that runs differ in the last step
    kills = 0
    for at in range(1, 10_000, every):
        stage.go_back(done)
        shutil.rmtree(labels)
        shutil.copytree(one.snapshot / LABELS, aside)  # killed between two renames
        ran = stage.run(fault={"root": root, "kinds": "rm", "at": at, "errno": 0})
        if ran.code == 0:
            break
        kills += 1
        require_sound(one, tmp_path)
    add_to_summary(f"{kills} second kills over a set that the first had left aside: 0 lost it")
    assert kills > 1
