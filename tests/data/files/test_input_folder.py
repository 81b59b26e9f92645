"""Input folders: the files below, and no others of the disk."""

import os
import socket

import pytest

from stillroom.data.files.input_folder import InputFolder
from stillroom.errors import DataError


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "data"
    inside.mkdir()
    (inside / "a.csv").write_text("a")
    (tmp_path / "secret.csv").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/c.csv").write_text("c")
    return inside


def names(folder, **options):
    return [path.relative_to(folder).as_posix() for path in InputFolder(folder, **options).files()]


def refusal(folder, **options):
    with pytest.raises(DataError) as refused:
        InputFolder(folder, **options).files()
    return str(refused.value)


def test_files_are_sorted_by_their_path_without_hidden_ones(folder):
    for name in ("b/z.csv", "b.csv", ".git/x.csv", "b/.hidden.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    assert names(folder) == ["a.csv", "b.csv", "b/z.csv"]


@pytest.mark.parametrize("target", ["../secret.csv", "../elsewhere", "/etc/passwd"])
def test_a_link_out_of_the_folder_is_refused_unless_links_are_followed(folder, target):
    (folder / "link.csv").symlink_to(target)
    assert refusal(folder).startswith("link.csv is a link that leads out of the folder data.path.")
    followed = names(folder, follow_links=True)
    assert followed == ["a.csv", "link.csv/c.csv" if "elsewhere" in target else "link.csv"]


def test_a_link_by_way_of_another_link_is_refused(folder):
    (folder / "sub").symlink_to("../elsewhere")
    assert "sub is a link that leads out" in refusal(folder)
    with pytest.raises(DataError, match=r"sub/c\.csv is a link that leads out"):
        InputFolder(folder).require_inside(folder / "sub/c.csv")


def test_links_that_stay_inside_are_read(folder):
    (folder / "sub").mkdir()
    (folder / "sub/b.csv").write_text("b")
    (folder / "again").symlink_to("sub")
    (folder / "one.csv").symlink_to(folder / "a.csv")
    assert names(folder) == ["a.csv", "again/b.csv", "one.csv", "sub/b.csv"]


def test_the_folder_itself_may_be_a_link(folder):
    link = folder.parent / "link"
    link.symlink_to(folder)
    (folder / "b.csv").symlink_to("a.csv")
    assert names(link) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("target", [".", "..", "../../data/sub"])
def test_a_loop_is_refused(folder, target):
    (folder / "sub").mkdir()
    (folder / "sub/loop").symlink_to(target)
    assert "sub/loop is a link to a folder that contains it" in refusal(folder)


@pytest.mark.parametrize("target", ["nowhere", "link"])
def test_a_link_to_nothing_or_to_itself_is_refused(folder, target):
    (folder / "link").symlink_to(target)
    assert refusal(folder).startswith("link does not exist, or is a link that leads to nothing")


def test_the_blobs_of_the_hubs_cache_may_be_reached_and_no_others(tmp_path):
    repository = tmp_path / "hub/datasets--acme--reviews"
    other = tmp_path / "hub/datasets--acme--other/blobs"
    snapshot = repository / "snapshots/0a1b2c"
    for path in (repository / "blobs", snapshot / "data", other):
        path.mkdir(parents=True)
        (path / "f0f0").write_text("x")
    (snapshot / "data/f0f0").unlink()
    (snapshot / "train.csv").symlink_to("../../blobs/f0f0")
    (snapshot / "data/test.csv").symlink_to("../../../blobs/f0f0")
    assert names(snapshot) == ["data/test.csv", "train.csv"]
    assert names(snapshot / "data") == ["test.csv"]
    (snapshot / "other.csv").symlink_to(other / "f0f0")
    assert "other.csv is a link that leads out" in refusal(snapshot)


def test_a_folder_that_is_only_called_snapshots_gives_no_leave(tmp_path):
    (tmp_path / "repo/snapshots/1").mkdir(parents=True)
    (tmp_path / "repo/blobs").mkdir()
    (tmp_path / "repo/blobs/b").write_text("x")
    (tmp_path / "repo/snapshots/1/a.csv").symlink_to("../../blobs/b")
    assert "leads out" in refusal(tmp_path / "repo/snapshots/1")


def test_a_pipe_and_a_socket_are_refused_without_waiting(folder, monkeypatch):
    os.mkfifo(folder / "pipe.csv")
    assert refusal(folder).startswith("pipe.csv is no regular file, but a pipe")
    (folder / "pipe.csv").unlink()
    monkeypatch.chdir(folder)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.csv")
        assert refusal(folder).startswith("s.csv is no regular file")


def test_hidden_names_are_left_out_and_said_once(folder):
    (folder / ".git").mkdir()
    (folder / ".git/x.csv").write_text("x")
    for name in ("sub/.b.csv", ".DS_Store", ".zz"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    inside = InputFolder(folder)
    for _ in range(2):
        assert [path.name for path in inside.files()] == ["a.csv"]
    (notice,) = inside.notices()
    assert (notice.kind, notice.text) == (
        "left_out",
        "Hidden files and folders are not read: 4 (.DS_Store, .git, .zz, …).",
    )


def test_without_hidden_names_nothing_is_said(folder):
    inside = InputFolder(folder)
    inside.files()
    assert inside.notices() == ()
