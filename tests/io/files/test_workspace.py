"""Workspaces are published complete, and removed after their process has ended."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from stillroom.errors import ConfigError
from stillroom.io.files.workspace import WORK, new_workspace, publish, restored


def test_publishing_replaces_the_old_folder(tmp_path: Path) -> None:
    target = tmp_path / "data" / "students"
    target.mkdir(parents=True)
    (target / "old").touch()
    built = new_workspace(tmp_path, "train") / "models"
    built.mkdir()
    (built / "new").touch()
    publish(built, target)
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in target.parent.iterdir()] == ["students"]


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


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path: Path) -> None:
    target = tmp_path / "data" / "students"
    target.mkdir(parents=True)
    (target / "old").touch()
    target.rename(target.with_name(".students.0123.replaced"))
    assert [path.name for path in restored(target).iterdir()] == ["old"]
    assert [path.name for path in target.parent.iterdir()] == ["students"]


def test_a_link_that_leads_out_of_the_project_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "work" / "kept").mkdir(parents=True)
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".stillroom").symlink_to(outside)
    with pytest.raises(ConfigError, match="outside of the project"):
        new_workspace(tmp_path / "project", "train")
    assert (outside / "work" / "kept").is_dir()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on another filesystem than `tmp_path`."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("/dev/shm is no other filesystem here")
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def test_publishing_reaches_another_filesystem(tmp_path: Path, elsewhere: Path) -> None:
    target = elsewhere / "set"
    for content in ("first", "second"):
        folder = new_workspace(tmp_path, "trial")
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text(content)
        (elsewhere / ".set.0123.arriving").mkdir()  # of a process that was killed
        publish(folder, target)
        assert (target / "deep" / "file").read_text() == content
        assert not folder.exists()
        assert list(elsewhere.iterdir()) == [target]
