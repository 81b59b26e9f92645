"""Fetch a model: all of it at its place, or nothing; never over something else."""

import errno
import json
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from support.loopback_hub import COMMIT, LoopbackHub, model_files

from stillroom.errors import HubError, ModelError, user_message
from stillroom.io.files.locking import locked
from stillroom.models.hub import download_file
from stillroom.models.hub.fetch_model import (
    download,
    is_there,
    publish_model,
    unfinished_fetch,
)
from stillroom.models.hub.fetch_record import RECORD
from stillroom.models.hub.file_selection import selected
from stillroom.models.hub.hub_name import HubName
from stillroom.models.hub.hub_session import online_hub
from stillroom.models.hub.repository import read_repository

NAME = HubName("owner/name", "main")


def fetch(root: Path) -> Path:
    target = root / "models" / "owner--name"
    with online_hub() as session:
        repository = read_repository(session, NAME)
        with unfinished_fetch(root, NAME, repository.commit) as folder:
            files = selected(repository, folder).files
            download(session, repository, files, folder)
            publish_model(repository, files, folder, target)
    return target


def test_the_folder_holds_the_chosen_files_and_the_record(hub: LoopbackHub, tmp_path: Path) -> None:
    target = fetch(tmp_path)
    names = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    unwanted = {".gitattributes", "modeling_own.py", "onnx/model.onnx", "pytorch_model.bin"}
    assert names == {*model_files()} - unwanted | {RECORD}
    assert all((target / name).read_bytes() == hub.files[name] for name in names - {RECORD})
    assert {*json.loads((target / RECORD).read_text())["files"]} == names - {RECORD}
    assert is_there(target, "owner/name", COMMIT)
    left = [path for path in (tmp_path / ".stillroom").rglob("*") if path.suffix != ".lock"]
    assert [path.name for path in left] == ["unfinished"]
    asked = {one.path.rpartition("/")[2] for one in hub.asked}
    assert not asked & {path.rpartition("/")[2] for path in unwanted}


def test_a_failed_fetch_leaves_no_folder_and_the_next_goes_on(
    hub: LoopbackHub, tmp_path: Path
) -> None:
    good = hub.files["model.safetensors"]
    hub.sends["model.safetensors"] = b"x" * len(good)
    with pytest.raises(HubError, match="with other content"):
        fetch(tmp_path)
    assert not (tmp_path / "models").exists()
    before = len(hub.asked)
    hub.sends = {}
    target = fetch(tmp_path)
    assert (target / "model.safetensors").read_bytes() == good
    later = {one.path.rpartition("/")[2].partition("?")[0] for one in hub.asked[before:]}
    assert later == {"main", "model.safetensors"}


def test_work_on_another_commit_is_removed(hub: LoopbackHub, tmp_path: Path) -> None:
    kept = tmp_path / ".stillroom/unfinished/fetch-owner--name"
    (kept / ("f" * 40)).mkdir(parents=True)
    with unfinished_fetch(tmp_path, NAME, COMMIT) as folder:
        assert [*kept.iterdir()] == [folder] == [kept / COMMIT]


def test_two_commands_do_not_fetch_one_model_at_a_time(tmp_path: Path) -> None:
    lock = tmp_path / ".stillroom/unfinished/fetch-owner--name.lock"
    with (
        locked(lock),
        pytest.raises(HubError, match="Another command fetches owner/name"),
        unfinished_fetch(tmp_path, NAME, COMMIT),
    ):
        pass
    with pytest.raises(ModelError), unfinished_fetch(tmp_path, NAME, COMMIT):
        raise ModelError  # an error of the block is not one of the lock


def test_a_disk_without_room_is_refused_before_the_first_byte(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 100_000_500))
    with pytest.raises(HubError, match=r"are missing, and the disk with .* 100 MB stay free"):
        fetch(tmp_path)
    assert len(hub.asked) == 1


def test_a_full_disk_names_the_file_and_keeps_what_has_arrived(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, pytest.raises(OSError, match="No space") as refused:
        patched.setattr(download_file, "sync", full)
        fetch(tmp_path)
    message = user_message(refused.value)
    assert message is not None and message.startswith("No space left on device at /")
    assert f"{COMMIT}/generation_config.json. " in message  # the smallest comes first
    fetch(tmp_path)
    assert len(hub.requests_for("/generation_config.json")) == 1


def test_what_is_there_is_never_replaced(hub: LoopbackHub, tmp_path: Path) -> None:
    assert not is_there(tmp_path / "models/owner--name", "owner/name", COMMIT)
    target = fetch(tmp_path)
    with pytest.raises(ModelError, match=rf"holds owner/name@{COMMIT}, not owner/name@{'f' * 40}"):
        is_there(target, "owner/name", "f" * 40)
    (target / "config.json").write_bytes(b"{}")
    with pytest.raises(ModelError, match=r"config\.json is not as it was fetched\. Set another"):
        is_there(target, "owner/name", COMMIT)
    (target / RECORD).unlink()
    with pytest.raises(ModelError, match="exists, and was not fetched"):
        is_there(target, "owner/name", COMMIT)
    with pytest.raises(ModelError, match="exists, and was not fetched"):
        is_there(target / "config.json", "owner/name", COMMIT)
    (tmp_path / "empty").mkdir()
    assert not is_there(tmp_path / "empty", "owner/name", COMMIT)
