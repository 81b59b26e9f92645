"""Whole commands as real processes: started, sent signals, and compared by what they wrote.

quick project ──`kedro run …`, a signal after some seconds──> exit code, output ──again──> files
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from support.command_line import QUICK, quick_project
from support.faults.fork_server import ENVIRONMENT, ROOT

from stillroom.io.files.hashing import sha256_file

GOES_ON = "Finished work is kept: run the same command again to go on."
REFUSED = "Error: Another run works in this project: "
# Teachers and students of seconds; nothing is measured with a clock for long.
CUT = QUICK.replace("latency_images: 3", "latency_images: 1").replace(
    "energy_seconds: 0.2", "energy_seconds: 0.01"
)
MEASURED = ("cost.json", "report.html", "README.md")  # with times and energy in them
RESULTS = ("02_examples", "03_teachers", "04_soft_labels", "05_students", "06_exports")


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, negative for a signal, and its output."""

    code: int
    output: str
    seconds: float


@dataclass
class Command:
    """A command of a project that runs."""

    project: Path
    words: tuple[str, ...]
    process: "subprocess.Popen[str]" = field(init=False)
    started: float = field(init=False)

    def __post_init__(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [str(Path(sys.executable).parent / self.words[0]), *self.words[1:]],
            cwd=self.project,
            env={**os.environ, **ENVIRONMENT},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, number: signal.Signals | None = None, after: float = 0.0) -> Ended:
        """Wait for its end; send it a signal some seconds after its start, if it still runs."""
        if number is not None:
            try:
                self.process.wait(max(0.0, self.started + after - time.monotonic()))
            except subprocess.TimeoutExpired:
                self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=600)
        return Ended(self.process.returncode, output, time.monotonic() - self.started)


def run(project: Path, *words: str) -> Ended:
    """Run `kedro run` with some words to its end."""
    return Command(project, ("kedro", "run", *words)).end()


def must_run(project: Path, *words: str) -> Ended:
    ended = run(project, *words)
    assert ended.code == 0, ended.output
    return ended


def whole_project(folder: Path) -> Path:
    """Make a project whose `distill` takes seconds; it uses this checkout's code."""
    folder.mkdir(parents=True)
    shutil.copytree(ROOT / "conf", folder / "conf")
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("src", "data/03_teachers/given"):
        (folder / name).mkdir(parents=True)
    quick_project(folder)
    (folder / "params.yaml").write_text(CUT)
    return folder


def forget(project: Path) -> None:
    """Remove everything that runs have written."""
    shutil.rmtree(project / ".stillroom", ignore_errors=True)
    for folder in (project / "data").iterdir():
        if folder.name != "01_raw":
            shutil.rmtree(folder)
    (project / "data/03_teachers/given").mkdir(parents=True)


def results(project: Path) -> dict[str, str]:
    """Return the hash of each file that is promised to be the same in every run."""
    data = project / "data"
    files = [path for path in data.rglob("*") if path.is_file() and "01_raw" not in path.parts]
    kept = [path for path in files if path.name not in MEASURED and "live" not in path.parts]
    return {path.relative_to(data).as_posix(): sha256_file(path) for path in sorted(kept)}
