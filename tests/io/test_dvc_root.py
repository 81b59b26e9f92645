"""DVC around a command: the root that experiments share, and the process that runs stages."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from stillroom.io.dvc_root import dvc_process, is_alive, parent_ids, shared_root

ROOT = Path(__file__).resolve().parents[2]


def test_a_project_outside_of_experiments_is_its_own_root(tmp_path: Path) -> None:
    assert shared_root(tmp_path / "project") == tmp_path / "project"


@pytest.mark.parametrize("place", ["tmpa1b2", "standalone/tmpa1b2", "tmpa1b2/deeper"])
def test_a_temporary_experiment_shares_the_root_above_it(tmp_path: Path, place: str) -> None:
    root = tmp_path.resolve() / "project"
    assert shared_root(root / ".dvc" / "tmp" / "exps" / place) == root


def test_a_root_inside_of_another_experiment_is_the_inner_root(tmp_path: Path) -> None:
    inner = tmp_path.resolve() / ".dvc" / "tmp" / "exps" / "one" / "project"
    assert shared_root(inner / ".dvc" / "tmp" / "exps" / "two") == inner


@pytest.mark.parametrize("place", ["tmp/exps/x", ".dvc/exps/tmp/x", ".dvc/tmp/other/x"])
def test_a_folder_with_a_similar_name_is_not_an_experiment(tmp_path: Path, place: str) -> None:
    assert shared_root(tmp_path / place) == tmp_path / place


def test_a_link_into_an_experiment_is_followed(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "project"
    experiment = root / ".dvc" / "tmp" / "exps" / "one"
    experiment.mkdir(parents=True)
    (tmp_path / "link").symlink_to(experiment)
    assert shared_root(tmp_path / "link") == root


def test_a_process_is_alive_until_it_ends_and_only_under_its_own_start() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        started = float(psutil.Process(process.pid).create_time())
        assert is_alive(process.pid, started)
        assert not is_alive(process.pid, started - 60)  # an earlier process of the same id
        process.kill()
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert not is_alive(process.pid, started)
    assert not is_alive(process.pid, started)


def test_the_processes_above_this_one_are_its_parents() -> None:
    assert {os.getpid(), os.getppid()} <= parent_ids()


DVC = """
import os, subprocess, sys
os.environ["DVC_STAGE"] = "train"
print(os.getpid(), flush=True)
subprocess.run(["sh", "-c", sys.argv[1] + " -c '" + sys.argv[2] + "'; true"], check=True)
"""
STAGE = "from stillroom.io.dvc_root import dvc_process; print(dvc_process())"


@pytest.mark.parametrize(("program", "is_dvc"), [("dvc", True), ("notebook.py", False)])
def test_the_process_of_dvc_is_the_parent_without_its_variable(
    tmp_path: Path, program: str, is_dvc: bool
) -> None:
    (tmp_path / program).write_text(DVC)
    ran = subprocess.run(
        [sys.executable, tmp_path / program, sys.executable, STAGE],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    pid, found = ran.stdout.splitlines()
    assert found.startswith(f"({pid}, ") if is_dvc else found == "None"


def test_a_command_without_dvc_has_no_process_of_dvc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DVC_STAGE", raising=False)
    assert dvc_process() is None
