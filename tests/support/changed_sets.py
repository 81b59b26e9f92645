"""Sets that were changed: a sound one on disk, one thing in it changed, every hash right again."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from linear_teachers import (
    Linear,
    Questions,
    linear,
    questions,
    token_questions,
    write_set,
)

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.column_schema import KEY_COLUMNS
from stillroom.softlabels.format.manifest import SHARDS, Shard, manifest_of, write_manifest
from stillroom.softlabels.format.shard import to_bytes
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)
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
    Sample(draws=20, temperature=1.0),
]
CLASS_ROWS = questions(40, 2, CLASSES)
TOKEN_ROWS = token_questions(60, 3, CLASSES)
LONG_ROWS = TOKEN_ROWS.take([n for n, row in enumerate(TOKEN_ROWS.rows) if len(row.labels) == 3])


@dataclass
class Made:
    """A sound set, and what it was made from."""

    labels: SoftLabelSet
    members: list[Linear]
    questions: Questions

    def verify(self, asked: Questions | None = None) -> list[Finding]:
        """Check what is on disk now."""
        rows = self.questions if asked is None else asked
        labels = SoftLabelSet(self.labels.folder)
        return verify(labels, self.members, [rows] * len(self.members), lambda rows: None)

    def shards(self, member: int = 0) -> Sequence[Shard]:
        """What the manifest on disk lists of a member."""
        return SoftLabelSet(self.labels.folder).manifest.members[member].shards

    def replace_tables(self, tables: Sequence[pa.Table], member: int = 0) -> None:
        """Put other tables in the place of a member's, with hashes and a manifest of their own."""
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
        """Change one shard's table; return what an error must call it."""
        tables = [table for _, table in self.labels.tables(member)]
        tables[number] = change(tables[number])
        self.replace_tables(tables, member)
        return f"member {member}, shard {self.shards(member)[number].name}"

    def change_all(self, change: Change, member: int = 0) -> None:
        """Change a member's rows as one table, and cut it where it was cut."""
        tables = [table for _, table in self.labels.tables(member)]
        whole = change(pa.concat_tables(tables))
        bounds = np.cumsum([0, *(table.num_rows for table in tables)]).tolist()
        self.replace_tables([whole.slice(a, b - a) for a, b in pairwise(bounds)], member)


captured: dict[tuple[Sparsifier, int, int], Path] = {}


def make(folder: Path, kind: Sparsifier, asked: Questions, members: int = 1) -> Made:
    """Return a set of its own in `folder`; what it is a copy of is captured once."""
    teachers = [linear(seed, kind, CLASSES) for seed in range(1, members + 1)]
    asking = [replace(teacher, asked=[]) for teacher in teachers]
    key = kind, id(asked), members
    if key not in captured:
        write_set(folder / "first", asking, asked, Store(folder / "store"), class_names=None)
        captured[key] = folder / "first"
    shutil.copytree(captured[key], folder / "set")
    return Made(SoftLabelSet(folder / "set"), teachers, asked)


def payload_at(order: Ints) -> Change:
    """Return a change that gives row i the payload of row order[i], and leaves the keys."""

    def change(table: pa.Table) -> pa.Table:
        keys = [table[name] for name in table.schema.names if name in KEY_COLUMNS]
        rest = [table[name].take(pa.array(order)) for name in table.schema.names[len(keys) :]]
        return pa.Table.from_arrays([*keys, *rest], schema=table.schema)

    return change


def with_cell(row: int, **cells: Any) -> Change:
    """Return a change of some columns in one row; a callable is given what stands there."""

    def change(table: pa.Table) -> pa.Table:
        for name, value in cells.items():
            at = table.schema.get_field_index(name)
            values = table[name].to_pylist()
            values[row] = value(values[row]) if callable(value) else value
            field = table.schema.field(at)
            table = table.set_column(at, field, pa.array(values, field.type))
        return table

    return change


def refusal(made: Made, asked: Questions | None = None) -> str:
    with pytest.raises(SoftLabelError) as raised:
        made.verify(asked)
    return str(raised.value)
