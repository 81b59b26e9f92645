"""Own files: the links of the Hub's cache are read, and no others."""

import os
from pathlib import Path

import pytest

from stillroom.errors import ModelError
from stillroom.models.pretrained.own_files import own_file, require_own_files


def cached(cache: Path, absolute: bool = False, owner: str = "acme") -> Path:
    """Write a repository as `snapshot_download` leaves it; return the folder that it returns."""
    repository = cache / f"models--{owner}--tiny"
    folder = repository / "snapshots" / "0a1b2c"
    (repository / "blobs").mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "1_Pooling/config.json"):
        blob = repository / "blobs" / name.replace("/", "-")
        blob.write_text(name)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        target = blob if absolute else Path(os.path.relpath(blob, (folder / name).parent))
        (folder / name).symlink_to(target)
    return folder


@pytest.mark.parametrize("absolute", [False, True])
def test_what_snapshot_download_returns_is_read(tmp_path: Path, absolute: bool) -> None:
    folder = cached(tmp_path, absolute)
    require_own_files(folder)
    for name in ("config.json", "1_Pooling/config.json"):
        file = own_file(folder / name, folder)
        assert file.parent.name == "blobs"
        assert not file.is_symlink()
        assert file.read_text() == name


def test_a_link_to_the_cache_itself_is_followed(tmp_path: Path) -> None:
    folder = cached(tmp_path / "cache")
    (tmp_path / "mine").symlink_to(folder)
    require_own_files(tmp_path / "mine")
    assert own_file(tmp_path / "mine/config.json", tmp_path / "mine").read_text() == "config.json"


def test_a_folder_without_links_is_read(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    require_own_files(tmp_path)
    assert own_file(tmp_path / "none.json", tmp_path) == tmp_path / "none.json"


def foreign(folder: Path, tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "secret").write_text("secret")
    other = cached(tmp_path / "hub", owner="other")
    (folder.parents[1] / "refs").write_text("secret")
    return {
        "outside": tmp_path / "secret",
        "another repository": other.parents[1] / "blobs" / "config.json",
        "beside the blobs": folder.parents[1] / "refs",
        "up": Path("../../blobs/../../../secret"),
    }


@pytest.mark.parametrize("target", ["outside", "another repository", "beside the blobs", "up"])
@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "README.md", "2_X/a.json"])
def test_links_that_leave_the_repository_are_refused(
    tmp_path: Path, target: str, name: str
) -> None:
    folder = cached(tmp_path / "hub")
    link = folder / name
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(foreign(folder, tmp_path)[target])
    with pytest.raises(ModelError, match=r"is a link to another place\. Replace it with the file"):
        require_own_files(folder)


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/config.json").write_text("{}")
    (tmp_path / "m/1_Pooling").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ModelError, match="is a link to another place"):
        require_own_files(tmp_path / "m")


def test_names_like_those_of_the_cache_do_not_help_outside_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "blobs"
    folder.mkdir()
    (tmp_path / "secret").write_text("x")
    (folder / "config.json").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError, match="is a link"):
        require_own_files(folder)
    ours = tmp_path / "models--a--b" / "mine"
    ours.mkdir(parents=True)
    (tmp_path / "models--a--b" / "blobs").symlink_to(tmp_path)
    (ours / "config.json").symlink_to(tmp_path / "models--a--b" / "blobs" / "secret")
    with pytest.raises(ModelError, match="is a link"):
        require_own_files(ours)
