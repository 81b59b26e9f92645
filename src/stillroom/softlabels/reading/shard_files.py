"""Shard files: the tables of the shards that a manifest lists, each checked before use.

member, shard ──file ──size, SHA-256, schema, teacher──> pyarrow.Table
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.encode import TEACHER_DIGITS
from stillroom.softlabels.format.fingerprint import RERUN
from stillroom.softlabels.format.manifest import Manifest, Shard, read_shard
from stillroom.softlabels.format.shard import from_bytes

ShardPath = Callable[[int, Shard], Path]


class ShardFiles:
    """The shards that a manifest lists. Only this class reads the shards of a set."""

    def __init__(self, manifest: Manifest, path: ShardPath) -> None:
        """Hold the manifest; nothing is read yet.

        Args:
            manifest: the manifest of the set.
            path: returns the path of a member's shard.
        """
        self.manifest, self.path = manifest, path

    def layout(self, member: int) -> Layout:
        """Return the columns of a member's shards."""
        capture = self.manifest.captures[member]
        return Layout(capture.sparsifier, self.manifest.classes, capture.features)

    def table(self, member: int, shard: Shard, columns: Sequence[str] | None = None) -> pa.Table:
        """Return the rows of one shard, after its bytes were checked against the manifest.

        Args:
            member: the member's number.
            shard: one of its shards.
            columns: the columns to return; None for all.

        Raises:
            SoftLabelError: the shard is missing or damaged, or has another number of rows, or was
                captured from another teacher than the member's.
        """
        path = self.path(member, shard)
        try:
            content = read_shard(path, shard)
        except OSError as error:
            raise SoftLabelError(f"shard {path} is missing ({error.strerror}). {RERUN}") from error
        parsed = None if columns is None else list(dict.fromkeys([*columns, "teacher"]))
        table = from_bytes(content, shard, self.layout(member), parsed)
        teacher = self.manifest.captures[member].fingerprint[:TEACHER_DIGITS]
        if table["teacher"].unique().to_pylist() != [teacher]:
            raise SoftLabelError(f"shard {shard.name} holds answers of another teacher. {RERUN}")
        return table if columns is None else table.select(columns)

    def tables(
        self, member: int, columns: Sequence[str] | None = None
    ) -> Iterator[tuple[Shard, pa.Table]]:
        """Yield each shard of a member with its rows, in the order of the manifest.

        Raises:
            SoftLabelError: see `table`.
        """
        for shard in self.manifest.members[member].shards:
            yield shard, self.table(member, shard, columns)
