"""The manifest: hostile until checked."""

import json
from typing import Any

import pytest
from linear_teachers import Captured

from stillroom.errors import SoftLabelError
from stillroom.softlabels.manifest import read_manifest, write_manifest

SHARD = {"name": "a.parquet", "sha256": "0" * 64, "bytes": 1, "rows": 1, "member": 0}


def edit(captured: Captured, **changes: Any) -> None:
    path = captured.folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_manifest_survives_the_round_trip(captured: Captured) -> None:
    manifest = captured.labels.manifest
    write_manifest(captured.folder, manifest)
    assert read_manifest(captured.folder) == manifest


def test_a_missing_manifest_says_what_writes_it(captured: Captured) -> None:
    (captured.folder / "manifest.json").unlink()
    with pytest.raises(SoftLabelError, match="kedro run --pipeline=teach"):
        read_manifest(captured.folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "stillroom-soft-labels/9"},
        {"classes": ["a"]},
        {"classes": 4},
        {"examples": 0},
        {"extra": 1},
        {
            "shards": [
                {"name": "../../etc/passwd", "sha256": "0" * 64, "bytes": 1, "rows": 1, "member": 0}
            ]
        },
        {"shards": [{"name": "a.parquet", "sha256": "nope", "bytes": 1, "rows": 1, "member": 0}]},
        {"captures": []},
        {"fingerprint": "0" * 64},
    ],
)
def test_a_malformed_manifest_is_refused(captured: Captured, changes: dict[str, Any]) -> None:
    edit(captured, **changes)
    with pytest.raises(SoftLabelError, match=r"manifest\.json"):
        read_manifest(captured.folder)


def test_a_changed_capture_no_longer_fits_the_fingerprint(captured: Captured) -> None:
    document = json.loads((captured.folder / "manifest.json").read_text())
    document["captures"][0]["weights"] = "another"
    edit(captured, captures=document["captures"])
    with pytest.raises(SoftLabelError, match="fingerprint"):
        read_manifest(captured.folder)
