"""Folders are published complete: after a kill the old or the new one is there."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from stillroom.io.files.atomic_folder import publish, restored
from stillroom.io.files.workspace import new_workspace


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


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path: Path) -> None:
    target = tmp_path / "data" / "students"
    target.mkdir(parents=True)
    (target / "old").touch()
    target.rename(target.with_name(".students.0123.replaced"))
    assert [path.name for path in restored(target).iterdir()] == ["old"]
    assert [path.name for path in target.parent.iterdir()] == ["students"]


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
