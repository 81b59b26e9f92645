"""The specification in docs/soft-labels.md against the schema and the manifest, both ways."""

import re
from dataclasses import fields
from pathlib import Path

import pyarrow as pa
import pytest

from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.manifest import Manifest, MemberShards, Shard
from stillroom.softlabels.format.pooled_features import Kept
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

SPECIFICATION = (Path(__file__).parents[3] / "docs/soft-labels.md").read_text(encoding="utf-8")
KINDS: list[Sparsifier] = [
    Full(),
    TopK(k=2, temperatures=(1.0, 4.0)),
    Sample(samples=5, temperature=1.0),
    Threshold(entries=2.0, tau=0.1, temperature=1.0),
    FixedThreshold(k=2, temperature=1.0),
]
NAMES = {kind.kind for kind in KINDS}
ARROW = {
    "fixed binary 16": pa.binary(16),
    "string": pa.string(),
    "uint16": pa.uint16(),
    "int32, nullable": pa.int32(),
    "list of uint8": pa.uint8(),
    "list of uint16": pa.uint16(),
    "list of uint32": pa.uint32(),
    "list of float32": pa.float32(),
    "list of float16": pa.float16(),
}


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table whose first line begins with these column names."""
    lines = SPECIFICATION.splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith(f"| {heading}"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def keys_after(sentence: str) -> list[str]:
    """Return the first cells of the table that follows a sentence."""
    rest = SPECIFICATION[SPECIFICATION.index(sentence) :].splitlines()
    start = next(at for at, line in enumerate(rest) if line.startswith("|---"))
    cells = []
    for line in rest[start + 1 :]:
        if not line.startswith("|"):
            return cells
        cells.append(line.split("|")[1].strip().strip("`"))
    return cells


def names_in(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def kinds_of(condition: str) -> set[str]:
    """Return the kinds whose sets have a column, according to the specification."""
    if condition == "all" or condition.startswith("all, if"):
        return NAMES
    if condition.startswith("all but"):
        return NAMES - set(names_in(condition))
    return set(names_in(condition))


def elements(text: str) -> list[pa.DataType]:
    """Return the types that the specification allows for a column."""
    if text == "list of uint8, uint16 or uint32":
        return [pa.uint8(), pa.uint16(), pa.uint32()]
    return [ARROW[text]]


@pytest.mark.parametrize("features", ["none", "pooled", "pooled_pieces"])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_a_kinds_columns_are_those_of_the_table_in_its_order(
    kind: Sparsifier, features: Kept
) -> None:
    described = [
        name.strip("`")
        for name, _, condition, _ in table("column | type")
        if kind.kind in kinds_of(condition)
        and ("`pooled" not in condition or f"`{features}`" in condition)
    ]
    assert Layout(kind, 4, features).schema.names == described


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_each_column_has_the_type_and_the_nulls_of_the_table(kind: Sparsifier) -> None:
    described = {name.strip("`"): text for name, text, _, _ in table("column | type")}
    for classes, width in ((256, 0), (65_536, 1), (65_537, 2)):
        for field in Layout(kind, classes, "pooled_pieces").schema:
            text = described[field.name]
            allowed = elements(text)
            assert pa.types.is_list(field.type) == text.startswith("list of")
            element = field.type.value_type if pa.types.is_list(field.type) else field.type
            assert element == allowed[width if len(allowed) > 1 else 0], field.name
            assert field.nullable == text.endswith("nullable")


def test_the_manifests_keys_are_those_of_the_table() -> None:
    described = keys_after("`manifest.json` is JSON in UTF-8:")
    assert sorted(described) == sorted(field.name for field in fields(Manifest))


def test_the_keys_of_a_member_a_shard_and_a_combination_stand_in_the_text() -> None:
    described = {row[0].strip("`"): row[1] for row in table("key | content")}
    assert names_in(described["members"]) == [field.name for field in fields(MemberShards)]
    combination = [
        name for name in names_in(described["combination"]) if name in ("mean", "shares")
    ]
    assert combination == [field.name for field in fields(Combination)]
    (entry,) = re.findall(r"`shards` is a list, in order\. Each entry has ([^.]*)\.", SPECIFICATION)
    assert names_in(entry) == [field.name for field in fields(Shard)]


def test_the_captures_keys_are_those_of_the_table() -> None:
    described = keys_after("A `capture` lists everything that one teacher's answers depend on:")
    assert sorted(described) == sorted(field.name for field in fields(Capture))


def test_each_kinds_values_are_those_of_the_table() -> None:
    described = {row[0].strip("`"): row[1] for row in table("kind | values")}
    assert set(described) == NAMES
    for kind in KINDS:
        values = [field.name for field in fields(kind) if field.name != "kind"]
        cells = [part.split("(")[0] for part in described[kind.kind].split(", ")]
        assert [name for cell in cells for name in names_in(cell)] == values
