"""The manifest: a malformed or damaged one is refused."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.softlabels.linear_teachers import Captured, capture, token_inputs

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.manifest import (
    MOST_BYTES,
    Manifest,
    MemberShards,
    Shard,
    manifest_of,
    read_manifest,
    write_manifest,
)
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

Document = dict[str, Any]


def edit(captured: Captured, change: Callable[[Document], object]) -> None:
    path = captured.folder / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def put(path: str, value: Any) -> Callable[[Document], None]:
    """Return a function that sets the value at a path of names and numbers; `...` removes it."""

    def change(document: Document) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        here: Any = document
        for step in way:
            here = here[step]
        if value is ...:
            del here[last]
        else:
            here[last] = value

    return change


@pytest.mark.parametrize(
    "kind",
    [
        Full(),
        TopK(k=2, temperatures=(1.0, 4.0)),
        Sample(samples=5, temperature=1.0),
        Threshold(entries=2.0, tau=0.1, temperature=1.0),
        FixedThreshold(k=2, temperature=1.0),
    ],
    ids=lambda kind: kind.kind,
)
def test_a_manifest_survives_the_round_trip(tmp_path: Path, kind: Sparsifier) -> None:
    made = capture(tmp_path / "set", 1, kind, token_inputs())
    manifest = made.labels.manifest
    assert manifest.captures == (made.members[0].capture,)
    assert manifest.class_names is None
    write_manifest(tmp_path / "again", manifest)
    assert read_manifest(tmp_path / "again") == manifest
    files = [tmp_path / "again" / "manifest.json", made.folder / "manifest.json"]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_it_says_in_plain_json_whose_answers_these_are_and_what_they_lack(tmp_path: Path) -> None:
    made = capture(tmp_path / "set", 1, TopK(k=2, temperatures=(1.0,)))
    document = json.loads((made.folder / "manifest.json").read_text())
    (member,) = document["members"]
    assert member["capture"]["weights"] == made.members[0].capture.weights
    assert member["capture"]["sparsifier"] == {"kind": "topk", "k": 2, "temperatures": [1.0]}
    assert member["bias"] == "the mass beyond the 2 largest classes is known, not stored"
    assert document["classes"] == 4
    assert document["codec"] == CODEC


def test_rows_bytes_and_content_are_those_of_the_shards(captured: Captured) -> None:
    manifest = captured.labels.manifest
    files = list((captured.folder / "shards").iterdir())
    assert manifest.rows == 25
    assert manifest.bytes == sum(file.stat().st_size for file in files)
    assert sum(len(member.shards) for member in manifest.members) == len(files)
    first, second = manifest.members
    swapped = MemberShards(capture=first.capture, bias="", shards=first.shards[::-1])
    others = [(second, first), (swapped, second), (first,)]
    contents = {manifest.content, *(remade(manifest, of).content for of in others)}
    assert len(contents) == 4
    assert remade(manifest, (first, second)).content == manifest.content


def remade(manifest: Manifest, members: tuple[MemberShards, ...]) -> Manifest:
    combination = Combination.of("probability", [1.0] * len(members))
    return manifest_of(members, combination, manifest.codec, 4, manifest.class_names)


def test_a_shard_is_named_by_its_content() -> None:
    shard = Shard.of(b"abc", 3)
    # The SHA-256 of "abc", FIPS 180-2, appendix B.1.
    assert shard.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (shard.name, shard.bytes, shard.rows) == (f"{shard.sha256[:32]}.parquet", 3, 3)


def test_a_missing_manifest_says_what_writes_it(captured: Captured) -> None:
    (captured.folder / "manifest.json").unlink()
    with pytest.raises(SoftLabelError, match=r"manifest\.json does not exist.*--pipeline=capture"):
        read_manifest(captured.folder)


SHARD = "members.1.shards.0"
MALFORMED: list[tuple[str, Any, str]] = [
    ("format", "stillroom-soft-labels/9", "format"),
    ("format", ..., "format"),
    ("codec", 1, "codec"),
    ("classes", 1, "classes"),
    ("classes", 4.5, "classes"),
    ("classes", "4", "classes"),
    ("class_names", "abcd", "class_names"),
    ("class_names", ["a", "b", "c", 4], "class_names.3"),
    ("more", 1, "more"),
    ("members", [], "members"),
    ("members.1.more", 1, "members.1.more"),
    ("members.0.bias", None, "members.0.bias"),
    ("members.0.shards", [], "members.0.shards"),
    (f"{SHARD}.sha256", "nope", f"{SHARD}.sha256"),
    (f"{SHARD}.sha256", "../../../../etc/passwd".ljust(64, "0"), f"{SHARD}.sha256"),
    (f"{SHARD}.sha256", "0" * 63 + "\n", f"{SHARD}.sha256"),
    (f"{SHARD}.sha256", "A" * 64, f"{SHARD}.sha256"),
    (f"{SHARD}.rows", 0, f"{SHARD}.rows"),
    (f"{SHARD}.rows", True, f"{SHARD}.rows"),
    (f"{SHARD}.bytes", -1, f"{SHARD}.bytes"),
    (f"{SHARD}.bytes", ..., f"{SHARD}.bytes"),
    (f"{SHARD}.name", "a.parquet", f"{SHARD}.name"),
    ("members.0.capture.seed", "0", "members.0.capture.seed"),
    ("members.0.capture.device", ..., "members.0.capture.device"),
    ("members.0.capture.more", 1, "members.0.capture.more"),
    ("members.0.capture.sparsifier.kind", "best", "members.0.capture.sparsifier"),
    ("members.0.capture.sparsifier", {"kind": "topk", "k": 0, "temperatures": [1.0]}, "topk.k"),
    ("members.0.capture.sparsifier", {"kind": "topk", "k": 1, "temperatures": []}, "temperatures"),
    (
        "members.0.capture.sparsifier",
        {"kind": "threshold", "entries": 2.0, "tau": 2.0, "temperature": 1.0},
        "threshold.tau",
    ),
    ("combination.mean", "median", "combination.mean"),
    ("combination.shares.0", 0.0, "combination.shares.0"),
    ("combination.shares.1", float("nan"), "combination.shares.1"),
]


@pytest.mark.parametrize(("path", "value", "where"), MALFORMED)
def test_each_way_of_being_malformed_is_named_with_its_place(
    captured: Captured, path: str, value: Any, where: str
) -> None:
    edit(captured, put(path, value))
    with pytest.raises(SoftLabelError) as raised:
        read_manifest(captured.folder)
    place, separator, _ = str(raised.value).partition(" is malformed")
    assert separator
    assert place.startswith(f"{captured.folder / 'manifest.json'}: ")
    assert where in place


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": NaN}']
)
def test_a_document_that_is_no_json_object_is_refused(captured: Captured, content: bytes) -> None:
    (captured.folder / "manifest.json").write_bytes(content)
    with pytest.raises(SoftLabelError, match=r"manifest\.json: .* is malformed"):
        read_manifest(captured.folder)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_a_manifest_with_any_byte_changed_is_refused_or_still_fits_its_fingerprint(
    captured: Captured, tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray((captured.folder / "manifest.json").read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "manifest.json").write_bytes(content)
    try:
        manifest = read_manifest(tmp_path)
    except SoftLabelError:
        return
    assert manifest.fingerprint == captured.labels.manifest.fingerprint
    assert manifest.captures == captured.labels.manifest.captures


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("fingerprint", "0" * 64),
        ("codec", "another"),
        ("combination.mean", "logit"),
        ("members.0.capture.weights", "another"),
        ("members.1.capture.seed", 9),
        ("members.1.capture.libraries", []),
    ],
)
def test_a_set_that_does_not_fit_its_fingerprint_is_refused(
    captured: Captured, path: str, value: Any
) -> None:
    edit(captured, put(path, value))
    with pytest.raises(SoftLabelError, match="fingerprint is not that of the captures"):
        read_manifest(captured.folder)


def refit(captured: Captured, members: tuple[MemberShards, ...], **how: Any) -> None:
    """Commit other members' shards, with a fingerprint that fits them."""
    manifest = captured.labels.manifest
    given: dict[str, Any] = {
        "combination": Combination.of("probability", [1.0] * len(members)),
        "codec": manifest.codec,
        "classes": 4,
        "class_names": manifest.class_names,
    }
    write_manifest(captured.folder, manifest_of(members, **{**given, **how}))


def test_members_of_unequal_length_are_refused(captured: Captured) -> None:
    first, second = captured.labels.manifest.members
    short = MemberShards(capture=second.capture, bias="", shards=second.shards[:-1])
    refit(captured, (first, short))
    missing = second.shards[-1].rows
    with pytest.raises(
        SoftLabelError, match=f"member 1 has {25 - missing} rows, but member 0 has 25"
    ):
        read_manifest(captured.folder)


def test_a_shard_that_is_listed_twice_is_refused(captured: Captured) -> None:
    first, second = captured.labels.manifest.members
    twice = MemberShards(
        capture=second.capture, bias="", shards=(*second.shards[:-1], second.shards[0])
    )
    rest = MemberShards(
        capture=first.capture, bias="", shards=(*first.shards[:-1], second.shards[0])
    )
    refit(captured, (rest, twice))
    with pytest.raises(SoftLabelError, match="a shard is listed twice"):
        read_manifest(captured.folder)


def test_shares_and_class_names_of_another_number_are_refused(captured: Captured) -> None:
    members = captured.labels.manifest.members
    refit(captured, members, combination=Combination.of("probability", [1.0]))
    with pytest.raises(SoftLabelError, match="2 members have 1 shares"):
        read_manifest(captured.folder)
    refit(captured, members, class_names=("a", "b", "c"))
    with pytest.raises(SoftLabelError, match="4 classes have 3 names"):
        read_manifest(captured.folder)


def test_a_manifest_that_is_too_large_is_refused_unread(captured: Captured) -> None:
    path = captured.folder / "manifest.json"
    os.truncate(path, MOST_BYTES + 1)  # sparse: no byte of it is on the disk
    with pytest.raises(SoftLabelError, match="67,108,865 bytes; at most 67,108,864 are read"):
        read_manifest(captured.folder)
