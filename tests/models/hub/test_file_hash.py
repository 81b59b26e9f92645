"""Hashes of the Hub: those of `sha256sum` and of `git hash-object`, of the whole content."""

from pathlib import Path

import pytest

from stillroom.models.hub import file_hash
from stillroom.models.hub.file_hash import has_hash

# `printf 'hello\\n' | sha256sum` and `… | git hash-object --stdin`
HASHES = (
    "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
    "git-sha1:ce013625030ba8dba906f756967f9e9ca394464a",
)


@pytest.mark.parametrize("block", [1, 4, 1 << 20])
def test_the_hash_is_of_the_whole_content(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_hash, "BLOCK", block)
    path = tmp_path / "file"
    path.write_bytes(b"hello\n")
    assert all(has_hash(path, one) for one in HASHES)
    for other in (b"hello\r", b"hello", b"hello\n\n", b""):
        path.write_bytes(other)
        assert not any(has_hash(path, one) for one in HASHES)


def test_a_hash_of_no_kind_is_never_right(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    # SHA-256 of nothing, and the blob of nothing, each under the name of the other
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert not has_hash(tmp_path / "file", f"git-sha1:{empty}")
    assert not has_hash(tmp_path / "file", "sha256:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    assert has_hash(tmp_path / "file", "git-sha1:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
