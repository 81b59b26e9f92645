"""Formats of the manifest: sets of samples in both formats; no other set has format 4."""

import hashlib
import json
from pathlib import Path

import pytest
from support.softlabels import spec_reader
from support.softlabels.linear_teachers import capture, capture_inputs, fill, linear

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.manifest import manifest_of, read_manifest, write_manifest
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store


@pytest.mark.parametrize("kind", [Full(), TopK(k=2, temperatures=(1.0,))])
def test_a_set_without_samples_is_written_as_format_3(tmp_path: Path, kind: Sparsifier) -> None:
    capture(tmp_path / "set", 1, kind)
    document = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert document["format"] == "stillroom-soft-labels/3"


def test_a_set_of_samples_is_written_as_format_4_and_read_in_both(tmp_path: Path) -> None:
    made = capture(tmp_path / "set", 1, Sample(samples=7, temperature=1.0))
    path = tmp_path / "set" / "manifest.json"
    new = read_manifest(made.folder)
    document = json.loads(path.read_text())
    assert document["format"] == "stillroom-soft-labels/4"
    sparsifier = document["members"][0]["capture"]["sparsifier"]
    assert sparsifier == {"kind": "sample", "samples": 7, "temperature": 1.0}
    # As format 3 wrote it, with the checksum over its own keys.
    sparsifier["draws"] = sparsifier.pop("samples")
    document |= {"format": "stillroom-soft-labels/3", "checksum": ""}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    document["checksum"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(document))
    old = read_manifest(made.folder)
    assert old.captures == new.captures
    assert (old.fingerprint, old.content) == (new.fingerprint, new.content)
    names = made.capture_inputs.names
    theirs = SoftLabelSet(made.folder).distributions(names, 1.0).dense()
    assert (theirs == made.labels.distributions(names, 1.0).dense()).all()
    write_manifest(made.folder, old)
    assert json.loads(path.read_text()) == document


@pytest.mark.parametrize("kind", [Full(), Sample(samples=7, temperature=1.0)])
def test_a_set_that_names_its_examples_is_format_5_with_the_same_fingerprint(
    tmp_path: Path, kind: Sparsifier
) -> None:
    old = read_manifest(capture(tmp_path / "set", 1, kind).folder)
    parts = old.members, old.combination, old.codec, old.classes, old.class_names
    new = manifest_of(*parts, examples="e" * 64)
    assert (new.fingerprint, new.content) == (old.fingerprint, old.content)
    write_manifest(tmp_path / "set", new)
    document = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert (document["format"], document["examples"]) == ("stillroom-soft-labels/5", "e" * 64)
    assert "draws" not in document["members"][0]["capture"]["sparsifier"]
    assert read_manifest(tmp_path / "set") == new
    assert spec_reader.read_manifest(tmp_path / "set") == document


@pytest.mark.parametrize(
    ("format_number", "examples"),
    [(3, "e" * 64), (3, None), (4, "e" * 64), (5, "absent"), (5, None), (5, "e" * 63)],
)
def test_examples_in_the_wrong_format_are_refused(
    tmp_path: Path, format_number: int, examples: str | None
) -> None:
    folder = capture(tmp_path / "set", 1, Full()).folder
    document = json.loads((folder / "manifest.json").read_text())
    document |= {"format": f"stillroom-soft-labels/{format_number}", "checksum": ""}
    if examples != "absent":
        document["examples"] = examples
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    document["checksum"] = hashlib.sha256(text.encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(SoftLabelError, match="examples"):
        read_manifest(folder)


@pytest.mark.parametrize(("key", "format_number"), [("draws", 4), ("samples", 3)])
def test_the_key_of_the_other_format_is_refused(
    tmp_path: Path, key: str, format_number: int
) -> None:
    folder = capture(tmp_path / "set", 1, Sample(samples=7, temperature=1.0)).folder
    document = json.loads((folder / "manifest.json").read_text())
    sparsifier = document["members"][0]["capture"]["sparsifier"]
    del sparsifier["samples"]
    # The checksum is that of the format's own key, as the reader computes it.
    sparsifier["samples" if format_number == 4 else "draws"] = 7
    document |= {"format": f"stillroom-soft-labels/{format_number}", "checksum": ""}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    document["checksum"] = hashlib.sha256(text.encode()).hexdigest()
    sparsifier.pop("samples", None), sparsifier.pop("draws", None)
    sparsifier[key] = 7
    (folder / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(
        SoftLabelError, match=rf"has the keys {'draws, ' if key == 'draws' else 'kind, '}"
    ):
        read_manifest(folder)


def test_the_fingerprint_of_samples_is_the_one_they_had_as_draws() -> None:
    # Computed by the version that wrote format 3.
    old = "d8d27908e702389fdeffe9737e57158198092a13e3ecb6b0eb14844a6c5185fa"
    assert linear(1, Sample(samples=7, temperature=1.0)).capture.fingerprint == old


@pytest.mark.parametrize("key", ["draws", "samples"])
def test_a_store_of_samples_is_read_in_both_versions(tmp_path: Path, key: str) -> None:
    store, member = Store(tmp_path), linear(1, Sample(samples=7, temperature=1.0))
    shards = fill(member, store, capture_inputs(20))
    ((folder, _),) = store.captures()
    document = json.loads((folder / "manifest.json").read_text())
    assert document["format"] == "stillroom-store/2"
    assert document["capture"]["sparsifier"]["samples"] == 7
    if key == "draws":
        document["format"] = "stillroom-store/1"
        sparsifier = document["capture"]["sparsifier"]
        sparsifier["draws"] = sparsifier.pop("samples")
        (folder / "manifest.json").write_text(json.dumps(document))
    member.seen.clear()
    assert fill(member, Store(tmp_path), capture_inputs(20)) == shards
    assert member.seen == []
