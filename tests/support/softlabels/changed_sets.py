"""Sets without errors on disk, and single changes in them that keep every hash right."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from support.softlabels.linear_teachers import (
    Linear,
    MemoryInputs,
    capture_inputs,
    linear,
    token_inputs,
    write_set,
)

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.column_schema import KEY_COLUMNS
from stillroom.softlabels.format.manifest import SHARDS, Shard, manifest_of, write_manifest
from stillroom.softlabels.format.shard import to_bytes
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store
from stillroom.softlabels.verify.verify import Finding, verify

Change = Callable[[pa.Table], pa.Table]
Ints = np.ndarray[Any, np.dtype[np.int64]]

CLASSES = 12
TOP = TopK(k=4, temperatures=(1.0, 4.0))
KINDS: list[Sparsifier] = [
    Full(),
    TOP,
    Threshold(entries=4.0, tau=0.1, temperature=1.0),
    FixedThreshold(k=4, temperature=1.0),
    Sample(samples=20, temperature=1.0),
]
CLASS_ROWS = capture_inputs(40, 2, CLASSES)
TOKEN_ROWS = token_inputs(60, 3, CLASSES)
LONG_ROWS = TOKEN_ROWS.take([n for n, row in enumerate(TOKEN_ROWS.rows) if len(row.labels) == 3])


@dataclass
class SetUnderTest:
    """A set without errors, with its teachers and inputs; a test then changes it."""

    labels: SoftLabelSet
    members: list[Linear]
    capture_inputs: MemoryInputs

    def verify(self, inputs: MemoryInputs | None = None) -> list[Finding]:
        """Verify the set that is on disk now."""
        rows = self.capture_inputs if inputs is None else inputs
        labels = SoftLabelSet(self.labels.folder)
        return verify(labels, self.members, [rows] * len(self.members), lambda rows: None)

    def shards(self, member: int = 0) -> Sequence[Shard]:
        """The manifest's shards of a member, from the disk."""
        return SoftLabelSet(self.labels.folder).manifest.members[member].shards

    def replace_tables(self, tables: Sequence[pa.Table], member: int = 0) -> None:
        """Replace a member's tables by others, with correct hashes and manifest."""
        manifest, layout = self.labels.manifest, self.labels.layout(member)
        shards = []
        for table in tables:
            content = to_bytes(table, layout)
            shard = Shard.of(content, table.num_rows)
            (self.labels.folder / SHARDS / shard.name).write_bytes(content)
            shards.append(shard)
        members = list(manifest.members)
        members[member] = replace(members[member], shards=tuple(shards))
        changed = manifest_of(
            tuple(members),
            manifest.combination,
            manifest.codec,
            manifest.classes,
            manifest.class_names,
        )
        write_manifest(self.labels.folder, changed)

    def change_shard(self, number: int, change: Change, member: int = 0) -> str:
        """Change one shard's table; return its name in an error."""
        tables = [table for _, table in self.labels.tables(member)]
        tables[number] = change(tables[number])
        self.replace_tables(tables, member)
        return f"member {member}, shard {self.shards(member)[number].name}"

    def change_all(self, change: Change, member: int = 0) -> None:
        """Change a member's rows as one table, and cut it again at the same rows."""
        tables = [table for _, table in self.labels.tables(member)]
        whole = change(pa.concat_tables(tables))
        bounds = np.cumsum([0, *(table.num_rows for table in tables)]).tolist()
        self.replace_tables([whole.slice(a, b - a) for a, b in pairwise(bounds)], member)


captured: dict[tuple[Sparsifier, int, int], Path] = {}


def set_under_test(
    folder: Path, kind: Sparsifier, inputs: MemoryInputs, members: int = 1
) -> SetUnderTest:
    """Return a new copy of a set in `folder`; each kind of set is captured only once."""
    teachers = [linear(seed, kind, CLASSES) for seed in range(1, members + 1)]
    asking = [replace(teacher, seen=[]) for teacher in teachers]
    key = kind, id(inputs), members
    if key not in captured:
        write_set(folder / "first", asking, inputs, Store(folder / "store"), class_names=None)
        captured[key] = folder / "first"
    shutil.copytree(captured[key], folder / "set")
    return SetUnderTest(SoftLabelSet(folder / "set"), teachers, inputs)


def payload_at(order: Ints) -> Change:
    """Return a change that gives row i the payload of row order[i], and leaves the keys."""

    def change(table: pa.Table) -> pa.Table:
        keys = [table[name] for name in table.schema.names if name in KEY_COLUMNS]
        rest = [table[name].take(pa.array(order)) for name in table.schema.names[len(keys) :]]
        return pa.Table.from_arrays([*keys, *rest], schema=table.schema)

    return change


def with_cell(row: int, **cells: Any) -> Change:
    """Return a change of some columns in one row; a callable gets the old value."""

    def change(table: pa.Table) -> pa.Table:
        for name, value in cells.items():
            at = table.schema.get_field_index(name)
            values = table[name].to_pylist()
            values[row] = value(values[row]) if callable(value) else value
            field = table.schema.field(at)
            table = table.set_column(at, field, pa.array(values, field.type))
        return table

    return change


def refusal(subject: SetUnderTest, inputs: MemoryInputs | None = None) -> str:
    with pytest.raises(SoftLabelError) as raised:
        subject.verify(inputs)
    return str(raised.value)
