"""A whole distill with every system call traced: no name is looked up, no file lies outside.

Two minutes, and as long again for the trace.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stillroom.io.no_telemetry import CACHES, SWITCHES

SMALL = (
    "teacher.epochs=1,teacher.members=1,student.epochs=1,evaluate.seeds=1,"
    "evaluate.latency_images=5,evaluate.energy_seconds=0.1"
)
CALLS = "connect,sendto,sendmsg,openat,open,creat,mkdir,mkdirat,rename,renameat2,symlink,link"
OPENED = re.compile(r'(\w+)\((?:AT_FDCWD, |\d+, )?"([^"]*)"(.*)')
OUTSIDE = ("/dev/", "/proc/")  # no files on a disk


@pytest.mark.faults
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_distill_looks_up_no_name_and_writes_nothing_outside(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = tmp_path_factory.mktemp("place")
    home, temporary, trace = place / "home", place / "tmp", place / "trace.txt"
    home.mkdir()
    temporary.mkdir()
    hidden = {*SWITCHES, *CACHES, "XDG_CACHE_HOME", "XDG_CONFIG_HOME"}
    environment = {name: text for name, text in os.environ.items() if name not in hidden}
    environment |= {"HOME": str(home), "TMPDIR": str(temporary)}
    command = ["strace", "-f", "-qq", "-s", "300", "-e", f"trace={CALLS}", "-o", str(trace)]
    command += ["kedro", "run", "--pipeline=distill", "--params", SMALL]
    subprocess.run(command, cwd=project, env=environment, check=True)
    lines = trace.read_text(errors="replace").splitlines()
    assert [line for line in lines if "AF_INET" in line and "htons(0)" not in line] == []
    assert list(home.iterdir()) == []
    assert written_outside(lines, (project, temporary)) == []


def written_outside(lines: list[str], inside: tuple[Path, ...]) -> list[str]:
    """Return the paths outside of some folders that a trace shows as written."""
    paths = set()
    for line in lines:
        found = OPENED.search(line)
        if found is None or " = -1 " in line:
            continue
        call, path, rest = found.groups()
        is_read = call in ("open", "openat") and not re.search("O_WRONLY|O_RDWR|O_CREAT", rest)
        is_network = call in ("connect", "sendto", "sendmsg")
        if is_read or is_network or not path.startswith("/") or path.startswith(OUTSIDE):
            continue
        if not any(Path(path).is_relative_to(folder) for folder in inside):
            paths.add(path)
    return sorted(paths)
