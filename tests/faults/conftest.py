"""The fault suite: a small project, the server that runs its stage, and the final counts."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.faults.fault_project import Stage, make_project
from support.faults.fork_server import Server

from stillroom.io.files.locking import locked

SUMMARY = "summary"
SHIM = Path(__file__).with_name("failing_io.c")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the summary lines of all tests; a worker's own output would be lost."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, text in getattr(report, "user_properties", ()):
                if name == SUMMARY and getattr(report, "when", "") == "call":
                    terminalreporter.write_line(f"{text}  [{report.duration:.0f} s]")


@pytest.fixture
def add_to_summary(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Return a function whose lines are printed at the end of the run."""
    return lambda text: record_property(SUMMARY, text)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of this run of pytest share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if folder.name.startswith("popen-") else folder


@pytest.fixture(scope="session")
def shim(shared: Path) -> Path | None:
    """Return the compiled shim, or None without a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    library = shared / "failing_io.so"
    with locked(shared / "failing_io.lock"):
        if not library.exists():
            words = [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SHIM), "-ldl"]
            subprocess.run(words, check=True)
    return library


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, shim: Path | None) -> Iterator[Server]:
    """Return this process's fork server, the shim loaded."""
    server = Server(tmp_path_factory.mktemp("server"), shim)
    yield server
    server.close()


@pytest.fixture
def needs_shim(shim: Path | None) -> None:
    """Skip if calls cannot be made to fail."""
    if shim is None:
        pytest.skip("there is no C compiler to make the shim that fails calls")


@pytest.fixture(scope="session")
def template(shared: Path, server: Server) -> Path:
    """Return a project with examples and teachers to copy; its soft labels are made once."""
    folder = shared / "template"
    with locked(shared / "template.lock"):
        if not (folder / "done").exists():
            make_project(folder, server)
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def knowing(server: Server, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """Return the server once it has imported what the stage uses."""
    project = tmp_path_factory.mktemp("first") / "project"
    shutil.copytree(template, project)
    Stage(server, project, "softlabels.rows_per_shard=64").must_run(learn=True)
    return server


@pytest.fixture
def capture_stage(knowing: Server, template: Path, tmp_path: Path) -> Callable[..., Stage]:
    """Return a function that makes a stage in `folder`, with these rows per shard and this seed."""

    def make(folder: Path | None = None, rows: int = 16, seed: int = 0) -> Stage:
        project = (folder or tmp_path) / "project"
        if not project.exists():
            shutil.copytree(template, project)
        return Stage(knowing, project, f"softlabels.rows_per_shard={rows},softlabels.seed={seed}")

    return make
