"""Workspaces are removed after their process has ended."""

import subprocess
import sys
from pathlib import Path

import pytest

from stillroom.errors import ConfigError
from stillroom.io.files.workspace import WORK, new_workspace


def test_workspaces_of_killed_processes_are_removed_and_others_stay(tmp_path: Path) -> None:
    ours = new_workspace(tmp_path, "train")
    code = (
        "import sys, os, signal; from pathlib import Path;"
        "from stillroom.io.files.workspace import new_workspace;"
        "new_workspace(Path(sys.argv[1]), 'teachers'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    source = Path(__file__).resolve().parents[3] / "src"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], env={"PYTHONPATH": str(source)}, check=False
    )
    assert ended.returncode == -9
    assert any(path.name.startswith("teachers") for path in (tmp_path / WORK).iterdir())
    again = new_workspace(tmp_path, "train")
    assert sorted((tmp_path / WORK).iterdir()) == sorted([ours, again])


def test_a_link_that_leads_out_of_the_project_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "work" / "kept").mkdir(parents=True)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".stillroom").symlink_to(outside)
    with pytest.raises(ConfigError, match="outside of the project"):
        new_workspace(tmp_path / "project", "train")
    assert (outside / "work" / "kept").is_dir()
