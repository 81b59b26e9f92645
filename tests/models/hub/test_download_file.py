"""One file: it goes on where it stopped, and only the content that the Hub lists gets the name."""

import hashlib
from pathlib import Path

import pytest
from support.loopback_hub import COMMIT, LoopbackHub

from stillroom.errors import HubError
from stillroom.io.progress import Ticker
from stillroom.models.hub.download_file import Progress, bytes_there, download_file
from stillroom.models.hub.hub_name import HubName
from stillroom.models.hub.hub_session import online_hub
from stillroom.models.hub.repository import Repository, RepositoryFile, read_repository

WEIGHTS = hashlib.shake_256(b"weights").digest(2_500_000)
NAME = "model.safetensors"


def download(folder: Path, name: str = NAME) -> Progress:
    progress = Progress(Ticker("owner/name", 2500, "kB", bar=None))
    with online_hub() as session:
        repository = read_repository(session, HubName("owner/name", "main"))
        download_file(session, repository, file_of(repository, name), folder, progress)
    return progress


def file_of(repository: Repository, name: str = NAME) -> RepositoryFile:
    return next(file for file in repository.files if file.name == name)


def test_a_large_file_comes_from_the_store_which_never_sees_the_token(
    hub: LoopbackHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.files[NAME] = WEIGHTS
    progress = download(tmp_path)
    assert (tmp_path / NAME).read_bytes() == WEIGHTS
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert (progress.bytes, progress.ticker.done) == (2_500_000, 2500)
    by_host = {one.host: "authorization" in one.headers for one in hub.asked}
    assert by_host == {"hub": True, "store": False}


def test_a_small_file_in_a_folder(hub: LoopbackHub, tmp_path: Path) -> None:
    name = "additional_chat_templates/tools.jinja"
    download(tmp_path, name)
    assert (tmp_path / name).read_bytes() == hub.files[name]
    assert hub.asked[-1].path == f"/owner/name/resolve/{COMMIT}/{name}"


def test_an_empty_file(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.files["LICENSE"] = b""
    download(tmp_path, "LICENSE")
    assert (tmp_path / "LICENSE").read_bytes() == b""


def test_what_is_there_is_not_fetched_again(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.files[NAME] = WEIGHTS
    (tmp_path / f"{NAME}.partial").write_bytes(WEIGHTS[:1_000_000])
    progress = download(tmp_path)
    assert (tmp_path / NAME).read_bytes() == WEIGHTS
    (asked,) = hub.requests_for(NAME)
    assert (asked.headers["range"], asked.status, asked.sent) == ("bytes=1000000-", 206, 1_500_000)
    assert progress.bytes == 1_500_000
    download(tmp_path)
    assert len(hub.requests_for(NAME)) == 1


def test_a_whole_partial_file_only_needs_its_name(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.files[NAME] = WEIGHTS
    (tmp_path / f"{NAME}.partial").write_bytes(WEIGHTS)
    download(tmp_path)
    assert (tmp_path / NAME).read_bytes() == WEIGHTS
    assert hub.requests_for(NAME) == []


def test_a_broken_connection_goes_on_by_itself(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.files[NAME], hub.cuts = WEIGHTS, [300_000, 0, 700_000]
    download(tmp_path)
    assert (tmp_path / NAME).read_bytes() == WEIGHTS
    firsts = [one.headers.get("range") for one in hub.requests_for(NAME)]
    # Blocks of 64 KiB: 4 whole ones of the first 300,000 bytes, 10 of the 700,000 after these.
    assert firsts == [None, "bytes=262144-", "bytes=262144-", f"bytes={14 * 65536}-"]


def test_a_store_that_ignores_ranges_sends_the_whole_file(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.files[NAME], hub.ignores_ranges = WEIGHTS, True
    (tmp_path / f"{NAME}.partial").write_bytes(b"\0" * 1_000_000)
    progress = download(tmp_path)
    assert (tmp_path / NAME).read_bytes() == WEIGHTS
    assert (progress.bytes, progress.ticker.total) == (2_500_000, 3500)


@pytest.mark.parametrize("size", [1_000_000, 2_500_000, 2_600_000])
def test_a_partial_file_of_other_content_is_fetched_again(
    size: int, hub: LoopbackHub, tmp_path: Path
) -> None:
    hub.files[NAME] = WEIGHTS
    (tmp_path / f"{NAME}.partial").write_bytes(b"\0" * size)
    download(tmp_path)
    assert (tmp_path / NAME).read_bytes() == WEIGHTS


@pytest.mark.parametrize("name", [NAME, "config.json"])
def test_other_content_than_listed_never_gets_the_name(
    name: str, hub: LoopbackHub, tmp_path: Path
) -> None:
    content = hub.files[name]
    hub.sends[name] = content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(HubError, match=f"{name} came from 127.0.0.1:.* with other content"):
        download(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_more_bytes_than_listed_are_not_written(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.files[NAME] = b"x" * 100
    hub.sends[NAME] = b"x" * 10_000_000
    with pytest.raises(HubError, match="sends more than the 100 bytes"):
        download(tmp_path)
    assert (tmp_path / f"{NAME}.partial").stat().st_size <= 100


def test_a_store_that_sends_nothing_is_given_up(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.files[NAME], hub.cuts = WEIGHTS, [0] * 20
    with pytest.raises(HubError, match=r"The connection to 127\.0\.0\.1.* failed"):
        download(tmp_path)
    assert len(hub.requests_for(NAME)) == 6
    hub.files[NAME], hub.sends[NAME], hub.cuts = WEIGHTS, b"", []
    with pytest.raises(HubError, match=r"sends nothing of model\.safetensors"):
        download(tmp_path)


def test_files_of_a_gated_model_say_so(hub: LoopbackHub, tmp_path: Path) -> None:
    hub.refuses_files = (403, "GatedRepo")
    with pytest.raises(HubError, match="owner/name is gated"):
        download(tmp_path)


def test_bytes_there_are_those_of_the_file_or_its_beginning(tmp_path: Path) -> None:
    file = RepositoryFile(name="a", size=10, sha256="0" * 64, git_sha1=None)
    assert bytes_there(file, tmp_path) == 0
    (tmp_path / "a.partial").write_bytes(b"1234")
    assert bytes_there(file, tmp_path) == 4
    (tmp_path / "a").write_bytes(b"1234567890")
    assert bytes_there(file, tmp_path) == 10
