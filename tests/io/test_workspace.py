"""Workspaces: built elsewhere, published whole, swept when their process is gone."""

import subprocess
import sys
from pathlib import Path

from stillroom.io.workspace import WORK, new_workspace, publish


def test_publishing_replaces_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "data" / "students"
    target.mkdir(parents=True)
    (target / "old").touch()
    built = new_workspace(tmp_path, "train") / "models"
    built.mkdir()
    (built / "new").touch()
    publish(built, target)
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in target.parent.iterdir()] == ["students"]


def test_what_a_killed_process_left_is_swept_and_a_living_ones_is_kept(tmp_path: Path) -> None:
    ours = new_workspace(tmp_path, "train")
    code = (
        "import sys, os, signal; from pathlib import Path;"
        "from stillroom.io.workspace import new_workspace;"
        "new_workspace(Path(sys.argv[1]), 'tutor'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    source = Path(__file__).resolve().parents[2] / "src"
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], env={"PYTHONPATH": str(source)}, check=False
    )
    assert ended.returncode == -9
    assert any(path.name.startswith("tutor") for path in (tmp_path / WORK).iterdir())
    again = new_workspace(tmp_path, "train")
    assert sorted((tmp_path / WORK).iterdir()) == sorted([ours, again])
