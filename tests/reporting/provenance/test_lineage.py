"""Lineage: each ancestor by hash; equal after a round trip; refused if the parts do not fit."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from support.licences_and_lineage import a_lineage, an_ancestor, given_licence, own_licence
from support.softlabels.linear_teachers import capture

from stillroom.errors import DataError
from stillroom.models.adapters.adapter_folder import AdapterSummary
from stillroom.reporting.provenance.lineage import (
    Beginning,
    Lineage,
    chain,
    from_json,
    lineage,
)
from stillroom.softlabels.format.manifest import Manifest
from stillroom.softlabels.sparsify.kinds.full import Full

FILES = {"a.csv": "5" * 64, "b.csv": "6" * 64}
REPORT = {"source": "table", "path": "texts", "files": FILES, "duplicates": 3}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return capture(tmp_path_factory.mktemp("set"), 2, Full()).labels.manifest


def traced(manifest: Manifest, **changes: Any) -> Lineage:
    values: dict[str, Any] = {
        "student": "a" * 64,
        "name": "tiny",
        "manifest": manifest,
        "weights": [one for each in manifest.captures for one in each.teachers],
        "licence": own_licence(2),
        "examples": "1" * 64,
        "encoder": "2" * 64,
        "data_report": REPORT,
        "parameters": {"student": {"lr": 0.1}},
        "command": "dvc repro",
    }
    return lineage(**(values | changes))


def test_it_says_each_generation_by_hash(manifest: Manifest) -> None:
    lineage = traced(manifest)
    assert (lineage.soft_labels, lineage.labels) == (manifest.fingerprint, manifest.content)
    assert [one.fingerprint for one in lineage.captures] == [
        one.fingerprint for one in manifest.captures
    ]
    assert [one.weights for one in lineage.teachers] == [one.weights for one in manifest.captures]
    # By hand: canonical JSON has sorted keys and no spaces.
    assert lineage.parameters == sha256(b'{"student":{"lr":0.1}}').hexdigest()
    files = f'{{"a.csv":"{"5" * 64}","b.csv":"{"6" * 64}"}}'.encode()
    assert lineage.data.content == sha256(files).hexdigest()
    assert (lineage.data.kind, lineage.data.path, lineage.data.files) == ("table", "texts", 2)


def test_it_comes_back_from_json(manifest: Manifest) -> None:
    lineage = traced(manifest)
    assert from_json(json.loads(json.dumps(lineage.to_json()))) == lineage


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"student": "short"}, "student"),
        ({"teachers": [{}]}, r"teachers\.0\.name"),
        ({"format": "stillroom-lineage/0"}, "format"),
    ],
)
def test_a_malformed_document_is_refused(change: dict[str, object], where: str) -> None:
    with pytest.raises(DataError, match=rf"lineage\.json: {where} is malformed"):
        from_json(a_lineage().to_json() | change)


@pytest.mark.parametrize(
    "change",
    [{"licence": own_licence(1)}, {"weights": ["0" * 64, "1" * 64]}, {"weights": []}],
    ids=["licence", "weights", "no teacher"],
)
def test_parts_of_different_teachers_are_refused(
    manifest: Manifest, change: dict[str, object]
) -> None:
    with pytest.raises(DataError, match="soft labels come from 2 teachers"):
        traced(manifest, **change)


def test_the_licence_of_each_teacher_stands_in_it(manifest: Manifest) -> None:
    (one,) = given_licence(verdict="forbidden", acknowledged="a contract", hub_id="me/big").teachers
    licence = given_licence().__class__(teachers=(one, one))
    (first, _) = traced(manifest, licence=licence).teachers
    assert (first.licence, first.verdict, first.acknowledged, first.hub_id) == (
        "apache-2.0", "forbidden", "a contract", "me/big",
    )  # fmt: skip


def test_the_chain_goes_from_the_student_to_the_data() -> None:
    own = an_ancestor(name="member_0", licence=None)
    unknown = an_ancestor(hub_id="me/big", licence=None, verdict="unknown")
    links = chain(a_lineage(teachers=(an_ancestor(), own, unknown)))
    assert links == (
        ("student default", "weights aaaaaaaaaaaa"),
        ("trained on soft labels", "set bbbbbbbbbbbb, labels cccccccccccc"),
        ("captured from teacher", "big, weights eeeeeeeeeeee, apache-2.0"),
        ("captured from teacher", "member_0, weights eeeeeeeeeeee, no third-party licence"),
        ("captured from teacher", "me/big, weights eeeeeeeeeeee, licence unknown"),
        ("captured for examples", "111111111111, encoded by 222222222222"),
        ("examples from data", "digits, 2 files, 333333333333"),
        ("with parameters", "444444444444"),
    )


def test_equal_parts_give_equal_bytes(manifest: Manifest, tmp_path: Path) -> None:
    again = capture(tmp_path, 2, Full()).labels.manifest
    assert traced(again).to_json() == traced(manifest).to_json()


def test_a_start_stands_after_the_student_and_comes_back_from_json() -> None:
    (licence,) = given_licence(hub_id="me/small").teachers
    traced = a_lineage(start=Beginning(weights="f" * 64, licence=licence))
    assert chain(traced)[1] == (
        "started from model",
        "me/small, weights ffffffffffff, apache-2.0",
    )
    assert from_json(json.loads(json.dumps(traced.to_json()))) == traced
    assert "start" not in a_lineage().to_json()


def test_an_adapter_stands_in_the_chain_and_comes_back_from_json() -> None:
    adapter = AdapterSummary(rank=8, alpha=16, targets=("q", "v"), trained=300, parameters=40_000)
    traced = a_lineage(adapter=adapter)
    assert chain(traced)[1] == (
        "trained with adapter",
        "LoRA of rank 8 and alpha 16 at q, v; 300 of 40,000 parameters trained, 0.75%",
    )
    assert from_json(json.loads(json.dumps(traced.to_json()))) == traced
    assert "adapter" not in a_lineage().to_json()
