"""The number of copies of a set depends on reflinks and on DVC."""

from pathlib import Path

import pytest

from stillroom.io.files import disk_copies as module
from stillroom.io.files.disk_copies import cache_of, copies_of

NO_LINKS = '[core]\n    analytics = false\n[cache]\n    type = "reflink,copy"\n'


def with_dvc(root: Path, config: str) -> Path:
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text(config)
    return root


def full(root: Path, reflinks: bool, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(module, "can_reflink", lambda *_: reflinks)
    copies = copies_of(root / ".stillroom" / "store", root / "data" / "04", root)
    assert copies.reflinks == reflinks
    return copies.full


def test_without_reflinks_each_place_has_a_full_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert full(tmp_path, False, monkeypatch) == 2
    assert full(with_dvc(tmp_path, NO_LINKS), False, monkeypatch) == 3


def test_with_reflinks_all_places_share_one_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert full(with_dvc(tmp_path, NO_LINKS), True, monkeypatch) == 1


def test_a_cache_of_hard_links_shares_the_files_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = with_dvc(tmp_path, '[cache]\n    type = "hardlink,copy"\n')
    assert full(root, False, monkeypatch) == 2


def test_the_names_of_the_places_are_relative_to_the_project(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    root = with_dvc(tmp_path / "project", NO_LINKS)
    copies = copies_of(tmp_path / "elsewhere", root / "data" / "04", root)
    assert copies.places[1:] == ("data/04", "DVC's cache .dvc/cache")


def test_the_cache_is_the_folder_in_the_config(tmp_path: Path) -> None:
    assert cache_of(tmp_path) is None
    root = with_dvc(tmp_path, NO_LINKS)
    (root / ".dvc" / "config.local").write_text("[cache]\n    dir = ../elsewhere\n")
    cache = cache_of(root)
    assert cache is not None
    assert cache.folder.resolve() == root / "elsewhere"
    assert not cache.links
