"""Every call that can fail fails once: the committed set stays, and the user gets an error."""

import errno
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.faults.fault_project import (
    CAPTURES,
    LABELS,
    STATE,
    Stage,
    Tree,
    committed,
    error_line,
    final_name,
    require_whole_store,
    tree,
)
from support.faults.fork_server import Ran

from stillroom.io.json.json_files import read_json, write_json
from stillroom.softlabels.format.manifest import MANIFEST

OPEN_WRITE_SYNC_RENAME = "owsr"
READ_AND_MAKE_NAMES = "dm"
NEVER = 10**9
# The energy of a run is written only if it is more than what was measured for the same work before:
# open, write, open, sync and rename of the file, open and sync of its folder.
ENERGY_CALLS = 7


@dataclass(frozen=True)
class Replacing:
    """A run that replaces another set; the store already holds a part of its answers."""

    stage: Stage
    snapshot: Path
    previous: Tree
    wanted: Tree

    def run(self, **options: Any) -> Ran:
        """Run it from its beginning."""
        self.stage.go_back(self.snapshot)
        return self.stage.run(**options)

    def require_intact(self, scratch: Path) -> None:
        """Check the state after a run that failed."""
        assert committed(self.stage.project, scratch) in (self.previous, self.wanted)
        require_whole_store(self.stage.project)

    def require_resumed(self) -> None:
        """Run again, and compare with a run without faults."""
        self.stage.must_run()
        assert tree(self.stage.project / LABELS) == self.wanted


def replacing(
    capture_stage: Callable[..., Stage], snapshot: Path, folder: Path | None = None, rows: int = 64
) -> Replacing:
    """Return a stage with another set in place, and some of its own answers in the store."""
    previous, stage = (
        capture_stage(folder, rows=rows, seed=1),
        capture_stage(folder, rows=rows, seed=0),
    )
    previous.must_run()
    labels, captures = stage.project / LABELS, stage.project / CAPTURES
    old, others = tree(labels), {path.name for path in captures.iterdir()}
    shutil.copytree(labels, snapshot / LABELS)
    stage.must_run()
    wanted = tree(labels)
    for path in captures.iterdir():
        if path.name not in others:
            kept: Any = read_json(path / MANIFEST)
            kept["shards"] = dict(list(kept["shards"].items())[:2])
            write_json(path / MANIFEST, kept)
    shutil.copytree(stage.project / STATE, snapshot / STATE)
    return Replacing(stage, snapshot, old, wanted)


def names_its_path(ran: Ran, project: Path) -> bool:
    """Return whether the error names the failed path, or the path that it was to become."""
    path = final_name(Path(ran.fault.splitlines()[0].split(" ", 1)[1]))
    line = error_line(ran)
    if path.name == "pyproject.toml":  # Kedro names the folder whose file it cannot read
        path = path.parent
        return str(path) in line
    return str(path) in line or str(path.relative_to(project)) in line


@pytest.mark.usefixtures("needs_shim")
@pytest.mark.parametrize(
    ("number", "every"),
    [
        (errno.ENOSPC, 110),
        (errno.EIO, 90),
        (errno.EACCES, 130),
        *(
            pytest.param(number, 1, marks=pytest.mark.faults)
            for number in (errno.ENOSPC, errno.EIO, errno.EACCES)
        ),
    ],
)
@pytest.mark.parametrize("kinds", [OPEN_WRITE_SYNC_RENAME])
def test_a_failing_call_leaves_the_committed_set_and_names_its_path(
    kinds: str,
    number: int,
    every: int,
    capture_stage: Callable[..., Stage],
    tmp_path: Path,
    add_to_summary: Callable[[str], None],
) -> None:
    one = replacing(capture_stage, tmp_path / "before")
    project = one.stage.project
    fault = {"root": str(project), "kinds": kinds, "errno": number}
    calls = one.run(fault={**fault, "at": NEVER}).calls
    outcomes: Counter[str] = Counter()
    unnamed, at = [], 1 + every // 2
    while True:
        ran = one.run(fault={**fault, "at": at})
        if not ran.fault:
            break
        name = ran.fault.split()[0]
        outcomes[name] += 1
        if ran.code == 0:  # a shard or manifest of the store, Kedro-Viz's status, a removed file
            outcomes["made good"] += 1
            assert tree(project / LABELS) == one.wanted, ran.fault
        else:
            one.require_intact(tmp_path)
            if not names_its_path(ran, project):
                unnamed.append(f"{ran.fault} -> {error_line(ran)}")
        if at % 10 == 0 or every > 1:
            one.require_resumed()
        at += every
    assert ran.code == 0
    assert at > ran.calls  # the last run had no call left that could fail
    assert abs(calls - ran.calls) in (0, ENERGY_CALLS)
    assert unnamed == []
    counts = ", ".join(f"{count} {name}" for name, count in outcomes.items() if name != "made good")
    add_to_summary(
        f"{os.strerror(number)}, at each {every} of {calls} calls: {counts}; "
        f"{outcomes['made good']} made good, the others one line with the path, 0 lost a commit"
    )


@pytest.fixture
def small_filesystem(tmp_path: Path) -> Iterator[Path]:
    """Yield a filesystem of 16 MB that tests can fill."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small filesystem takes root")
    folder = tmp_path / "small"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("this machine does not let root mount a filesystem")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("points", [4, pytest.param(50, marks=pytest.mark.faults)])
def test_a_full_disk_leaves_the_committed_set_and_capture_continues_with_more_space(
    points: int,
    small_filesystem: Path,
    capture_stage: Callable[..., Stage],
    tmp_path: Path,
    add_to_summary: Callable[[str], None],
) -> None:
    one = replacing(capture_stage, tmp_path / "before", small_filesystem, rows=8)
    page = os.sysconf("SC_PAGE_SIZE")

    def free() -> int:
        state = os.statvfs(small_filesystem)
        return state.f_bavail * state.f_bsize // page

    def with_room(pages: int) -> Ran:
        one.stage.go_back(one.snapshot)
        with (small_filesystem / "ballast").open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, max((free() - pages) * page, 1))
        return one.stage.run()

    one.stage.go_back(one.snapshot)
    before = free()
    one.stage.must_run()
    # The old set is removed at the very end; until then it takes space beside the run's files.
    most = before - free() + sum(-(-len(content) // page) for content in one.previous.values())
    outcomes: Counter[str] = Counter()
    for point in range(points):
        room = point * most // points
        ran = with_room(room)
        assert "No space left on device at " in error_line(ran), f"{room} of {most} pages"
        path = Path(error_line(ran).split(" at ", 1)[1].split(". ", 1)[0])
        assert path.is_relative_to(one.stage.project)
        # The status for Kedro-Viz is written last, and its failure does not hide an earlier one.
        assert ".viz" not in path.parts or tree(one.stage.project / LABELS) == one.wanted
        outcomes["manifest" if path.name == MANIFEST else path.suffix] += 1
        one.require_intact(tmp_path)
        (small_filesystem / "ballast").unlink()
        one.require_resumed()
    counts = ", ".join(f"{count} at a {name}" for name, count in outcomes.items())
    add_to_summary(
        f"{points} fill points over {most} pages: {counts}; each one line, 0 lost a commit"
    )
