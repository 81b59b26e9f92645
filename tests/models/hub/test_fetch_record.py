"""The record: it says which commit a folder is, and whether it still is."""

import json
from pathlib import Path

import pytest
from support.loopback_hub import COMMIT

from stillroom.errors import StillroomError
from stillroom.models.hub.fetch_record import (
    RECORD,
    FetchRecord,
    changed_file,
    read_record,
    write_record,
)

# `printf 'hello\n' | sha256sum` and `… | git hash-object --stdin`
SHA256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
GIT_SHA1 = "ce013625030ba8dba906f756967f9e9ca394464a"
FILES = {"model.safetensors": f"sha256:{SHA256}", "templates/a.jinja": f"git-sha1:{GIT_SHA1}"}
DOCUMENT = {
    "format": "stillroom-fetch/1",
    "repository": "owner/name",
    "commit": COMMIT,
    "files": {
        "model.safetensors": f"sha256:{SHA256}",
        "templates/a.jinja": f"git-sha1:{GIT_SHA1}",
    },
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return the folder of a fetched model."""
    (tmp_path / "templates").mkdir()
    for name in FILES:
        (tmp_path / name).write_bytes(b"hello\n")
    write_record(tmp_path, FetchRecord(repository="owner/name", commit=COMMIT, files=FILES))
    return tmp_path


def test_the_document_and_what_is_read_of_it(model: Path) -> None:
    assert json.loads((model / RECORD).read_text()) == DOCUMENT
    record = read_record(model)
    assert record is not None
    assert (record.repository, record.commit) == ("owner/name", COMMIT)
    assert changed_file(model, record) is None


def test_a_model_from_elsewhere_has_none(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None


@pytest.mark.parametrize("name", ["model.safetensors", "templates/a.jinja"])
@pytest.mark.parametrize("content", [None, b"hellO\n", b"hello\n\n"])
def test_a_changed_or_missing_file_is_named(content: bytes | None, name: str, model: Path) -> None:
    (model / name).unlink()
    if content is not None:
        (model / name).write_bytes(content)
    record = read_record(model)
    assert record is not None and changed_file(model, record) == name


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("repository", "../etc", "repository is malformed"),
        ("repository", "owner/na me\x1b[2J", "repository is malformed"),
        ("commit", "main", "commit is malformed"),
        ("files", ["a"], "files is malformed"),
        ("files", {"a": "md5:0"}, "is malformed"),
        ("format", "stillroom-fetch/9", "format is malformed"),
        ("more", 1, "more is malformed"),
    ],
)
def test_a_damaged_record_is_one_line_with_the_way_out(
    key: str, value: object, message: str, model: Path
) -> None:
    (model / RECORD).write_text(json.dumps(DOCUMENT | {key: value}))
    with pytest.raises(StillroomError, match=message) as refused:
        read_record(model)
    assert "Delete the file, or fetch the model again." in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_record_that_leads_elsewhere_is_not_followed(model: Path, tmp_path: Path) -> None:
    other = tmp_path.parent / "other.json"
    other.write_text(json.dumps(DOCUMENT))
    (model / RECORD).unlink()
    (model / RECORD).symlink_to(other)
    with pytest.raises(StillroomError, match="is a link to another place"):
        read_record(model)
    (model / RECORD).unlink()
    document = DOCUMENT | {"files": {"../../outside": f"sha256:{SHA256}"}}
    (model / RECORD).write_text(json.dumps(document))
    record = read_record(model)
    assert record is not None and changed_file(model, record) == "../../outside"
