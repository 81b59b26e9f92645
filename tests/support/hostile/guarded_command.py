"""Guarded commands: a real command on a hostile input in; its effects and its costs out.

project, words ──a process with limits, watched canaries──> Observation: code, output, MB, seconds

A canary is a secret outside of the project. Its text must not appear in the output or in any file
of the project, and nothing outside of the project may change.
"""

import os
import resource
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from support.hostile.projects import ROOT

SECONDS, BYTES = 60.0, 2 * 2**30
# A process that allocates more is stopped by the kernel, so that a test cannot fill the machine.
MOST_DATA = 8 * 2**30
POLL = 0.03
CANARY, VARIABLE = "canary.txt", "STILLROOM_TEST_CANARY"
MARKUP = (b"<script>alert(1)", b"<img src=x onerror")
_SEARCHED = 64 * 2**20  # of a file


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a command did."""

    code: int
    output: str
    seconds: float
    peak: int  # bytes of the largest process
    effects: tuple[str, ...]


@dataclass
class Outside:
    """The surroundings of a project: a canary, an empty home, a folder for temporary files."""

    folder: Path
    secret: str = field(default_factory=lambda: secrets.token_hex(16))
    variable: str = field(default_factory=lambda: secrets.token_hex(16))

    def __post_init__(self) -> None:
        """Write the canary, and make the folders."""
        for name in ("home", "temporary", "elsewhere"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / CANARY).write_text(f"label,a,b\n{self.secret},1,2\n")
        self.before = self._state()

    @property
    def project(self) -> Path:
        """The folder of the project, which the caller makes."""
        return self.folder / "project"

    def environment(self) -> dict[str, str]:
        """Return the variables that point a process to these surroundings."""
        return {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "temporary"),
            VARIABLE: self.variable,
        }

    def changes(self) -> list[str]:
        """Return what changed outside of the project."""
        now = self._state()
        names = [name for name in {*now, *self.before} if now.get(name) != self.before.get(name)]
        return [f"{name} outside of the project changed" for name in sorted(names)]

    def _state(self) -> dict[str, tuple[int, int]]:
        inside = {self.project, self.folder / "temporary"}
        return {
            path.relative_to(self.folder).as_posix(): (
                path.lstat().st_size,
                path.lstat().st_mtime_ns,
            )
            for path in _walk(self.folder, inside)
            if not path.is_dir()
        }


def observe(outside: Outside, words: tuple[str, ...], more: Mapping[str, str]) -> Observation:
    """Run a command in the project, and look for effects."""
    prepared = _files_of(outside.project)
    code, output, seconds, peak = _run(outside, words, more)
    effects = [*outside.changes(), *_leaks(outside, output, prepared)]
    effects += [f"{name!r} in the output" for name in _controls(output)]
    return Observation(code=code, output=output, seconds=seconds, peak=peak, effects=tuple(effects))


def _run(
    outside: Outside, words: tuple[str, ...], more: Mapping[str, str]
) -> tuple[int, str, float, int]:
    binaries = Path(sys.executable).parent
    variables = dict(os.environ) | outside.environment()
    variables |= {"PATH": f"{binaries}{os.pathsep}{variables.get('PATH', '')}", "COLUMNS": "200"}
    variables |= {"KEDRO_DISABLE_TELEMETRY": "1", "PYTHONPATH": str(ROOT / "src")}
    log = outside.folder / "temporary" / "output"
    started = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(binaries / words[0]), *words[1:]],
            cwd=outside.project,
            env=variables | dict(more),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            preexec_fn=_limit,
            start_new_session=True,
        )
        peak = _wait(process, started + SECONDS)
    return process.returncode, log.read_text(errors="replace"), time.monotonic() - started, peak


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_DATA, MOST_DATA))


def _wait(process: "subprocess.Popen[bytes]", until: float) -> int:
    """Wait for a process; return the peak memory of the largest of its group.

    The kernel's own number for a child counts what its parent held before the command was loaded.
    """
    peak = 0
    while process.poll() is None:
        peak = max([peak, *map(_peak, _group(process.pid))])
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        time.sleep(POLL)
    return peak


def _group(leader: int) -> list[int]:
    """Return the processes of a session; those whose parent has ended too."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == leader:
                    members.append(int(entry.name))
    return members


def _peak(pid: int) -> int:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return 0


def _leaks(outside: Outside, output: str, prepared: Mapping[Path, tuple[int, int]]) -> list[str]:
    """Return where a secret of the surroundings appears."""
    secrets_ = (outside.secret, outside.variable)
    found = [f"a secret in the output: {one}" for one in secrets_ if one in output]
    for path, state in _files_of(outside.project).items():
        if prepared.get(path) == state:
            continue
        with path.open("rb") as stream:
            content = stream.read(_SEARCHED)
        if any(one.encode() in content for one in secrets_):
            found.append(f"a secret in {path.relative_to(outside.project)}")
        if path.suffix == ".html" and any(one in content for one in MARKUP):
            found.append(f"markup of the input in {path.relative_to(outside.project)}")
    return found


def _controls(output: str) -> list[str]:
    """Return the control characters that a terminal would act on."""
    allowed = {"\n", "\t", "\r"}
    marks = {chr(code) for code in (*range(32), *range(127, 160))} - allowed
    marks |= set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    return sorted(marks & set(output))


def _files_of(folder: Path) -> dict[Path, tuple[int, int]]:
    return {
        path: (path.stat().st_size, path.stat().st_mtime_ns)
        for path in _walk(folder, {folder / "src"})
        if path.is_file() and not path.is_symlink()
    }


def _walk(folder: Path, without: set[Path]) -> list[Path]:
    """Return what lies in a folder at any depth, links not followed."""
    paths: list[Path] = []
    for inner, folders, files in os.walk(folder):
        here = Path(inner)
        folders[:] = [name for name in folders if here / name not in without]
        paths += [here / name for name in (*folders, *files)]
    return paths
