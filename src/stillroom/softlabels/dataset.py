"""A soft-label set on disk: keys and a temperature in, the teachers' distributions out.

    folder ──manifest, shards checked by hash──> SoftLabelSet
    (example_ids, T) ──heads──> Heads(ids, log_p) of one teacher
                     ──probabilities──> [N, C] of the ensemble

Rows are found by key, never by position; a key that is missing is an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.manifest import SHARDS, Manifest, Shard, read_manifest
from stillroom.softlabels.shard import decode
from stillroom.softlabels.sparsify import log_sum_exp

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Heads:
    """Stored heads at one temperature.

    Attributes:
        ids: [N, k], int64.
        log_p: [N, k], log of the teacher's probability; less than one in sum where k < C.
    """

    ids: NDArray[np.int64]
    log_p: Doubles


class SoftLabelSet:
    """A committed set. Opening reads the manifest; the shards are read and checked when needed."""

    def __init__(self, folder: Path) -> None:
        """Open the set in `folder`.

        Raises:
            SoftLabelError: the manifest is missing or malformed.
        """
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)

    def require(self, classes: Sequence[str], weights: Sequence[str]) -> None:
        """Refuse a set of other classes or other teachers than those at hand.

        Args:
            classes: the names of the classes, in the order of the labels.
            weights: the SHA-256 of each teacher's weights, in the order of the members.

        Raises:
            SoftLabelError: with what differs, and what to do.
        """
        again = "Run `kedro run --pipeline=teach` to make them anew."
        if list(classes) != list(self.manifest.classes):
            raise SoftLabelError(
                f"soft labels are of the classes {_few(self.manifest.classes)}, and the examples "
                f"of {_few(classes)}. {again}"
            )
        made_by = [capture.weights for capture in self.manifest.captures]
        if made_by != list(weights):
            raise SoftLabelError(
                f"soft labels were made by the teachers {_few([w[:12] for w in made_by])}, and "
                f"those at hand are {_few([w[:12] for w in weights])}. {again}"
            )

    def table(self, member: int) -> pa.Table:
        """Return the rows of one member, in the order of the manifest.

        Raises:
            SoftLabelError: a shard is missing, damaged or has another number of rows.
        """
        return pa.concat_tables(
            self.shard_table(shard) for shard in self.manifest.shards if shard.member == member
        )

    def shard_table(self, shard: Shard) -> pa.Table:
        """Return the rows of one shard, once its bytes were found to be the manifest's.

        Raises:
            SoftLabelError: it is missing, damaged or has another number of rows.
        """
        path = self.folder / SHARDS / shard.name
        if not path.is_file():
            raise SoftLabelError(f"shard {path} is missing. Run `kedro run --pipeline=teach`.")
        table = decode(path.read_bytes(), shard.sha256, shard.name)
        if table.num_rows != shard.rows:
            raise SoftLabelError(f"shard {shard.name} has {table.num_rows} rows, not {shard.rows}.")
        if set(table["member"].unique().to_pylist()) != {shard.member}:
            raise SoftLabelError(f"shard {shard.name} has rows of other members than it says.")
        return table

    def heads(self, example_ids: list[bytes], temperature: float, member: int) -> Heads:
        """Return one member's heads for the given examples, in their order.

        Raises:
            SoftLabelError: an example has no soft label, or `temperature` was not captured and
                the heads are truncated, so that they cannot be re-tempered exactly.
        """
        ids, logits, log_z = self._arrays[member]
        rows = self._positions(member, example_ids)
        if ids.shape[1] == self.manifest.count:
            scaled = logits[rows] / temperature
            return Heads(ids[rows], scaled - log_sum_exp(scaled)[:, None])
        column = self._column(temperature)
        return Heads(ids[rows], logits[rows] / temperature - log_z[rows, column][:, None])

    def probabilities(self, example_ids: list[bytes], temperature: float) -> Doubles:
        """Return the ensemble's mean probabilities [N, C] at a temperature.

        Of one truncated teacher, the mass beyond the head is spread evenly over the classes that
        are not stored: what measures of quality can say of it, and no target to train on.

        Raises:
            SoftLabelError: as `heads`; and for several truncated members, whose mean is not exact.
        """
        members = len(self.manifest.captures)
        require_exact_mean(members, self._arrays[0][0].shape[1], self.manifest.count)
        dense = [self._dense(example_ids, temperature, member) for member in range(members)]
        return np.asarray(np.mean(dense, axis=0))

    def _dense(self, example_ids: list[bytes], temperature: float, member: int) -> Doubles:
        heads = self.heads(example_ids, temperature, member)
        mass = np.exp(heads.log_p)
        classes, k = self.manifest.count, mass.shape[1]
        rest = np.clip(1 - mass.sum(axis=1, keepdims=True), 0, 1) / max(classes - k, 1)
        dense = np.repeat(rest, classes, axis=1)
        np.put_along_axis(dense, heads.ids, mass, axis=1)
        return dense

    def summary(self) -> dict[str, str | int | float]:
        """Return what the set is, in a few plain values."""
        manifest = self.manifest
        size = sum(shard.bytes for shard in manifest.shards)
        return {
            "fingerprint": manifest.fingerprint,
            "content": manifest.content,
            "teachers": ", ".join(capture.weights for capture in manifest.captures),
            "members": len(manifest.captures),
            "examples": manifest.examples,
            "classes": manifest.count,
            "sparsifier": manifest.captures[0].sparsifier,
            "k": manifest.captures[0].k,
            "bias": manifest.bias,
            "combination": manifest.combination,
            "shards": len(manifest.shards),
            "bytes": size,
            "bytes_per_example": round(size / manifest.examples, 1),
        }

    @cached_property
    def _arrays(self) -> list[tuple[NDArray[np.int64], Doubles, Doubles]]:
        return [
            _matrices(self.table(member), self.manifest)
            for member in range(len(self.manifest.captures))
        ]

    @cached_property
    def _index(self) -> list[dict[bytes, int]]:
        return [self._rows_by_key(member) for member in range(len(self.manifest.captures))]

    def _rows_by_key(self, member: int) -> dict[bytes, int]:
        keys = self.table(member)["example_id"].to_pylist()
        rows = {key: row for row, key in enumerate(keys)}
        if len(rows) != len(keys):
            raise SoftLabelError(f"member {member}: an example has two rows of soft labels.")
        return rows

    def _positions(self, member: int, example_ids: list[bytes]) -> NDArray[np.int64]:
        index = self._index[member]
        missing = [key for key in example_ids if key not in index]
        if missing:
            raise SoftLabelError(
                f"{len(missing)} of {len(example_ids)} examples have no soft label, the first is "
                f"{missing[0].hex()}. Run `kedro run --pipeline=teach` for the examples at hand."
            )
        return np.array([index[key] for key in example_ids], dtype=np.int64)

    def _column(self, temperature: float) -> int:
        captured = self.manifest.temperatures
        if temperature not in captured:
            raise SoftLabelError(
                f"temperature {temperature} was not captured with these truncated soft labels. "
                f"Use one of {', '.join(map(str, captured))}, or add it to softlabels.temperatures."
            )
        return captured.index(temperature)


def require_exact_mean(members: int, k: int, classes: int) -> None:
    """Refuse an ensemble whose mean its stored heads could not give.

    Raises:
        SoftLabelError: several members, and fewer entries than classes.
    """
    if members > 1 and k < classes:
        raise SoftLabelError(
            f"the mean of {members} teachers' {k} largest of {classes} classes is inexact. "
            "Set softlabels.k=all, or keep one teacher with teacher.members=1."
        )


def _matrices(table: pa.Table, manifest: Manifest) -> tuple[NDArray[np.int64], Doubles, Doubles]:
    """Return ids [N, k], logits [N, k] and log Z [N, temperatures] of a member.

    Raises:
        SoftLabelError: rows of unequal length, or an id that is no class.
    """
    ids = _matrix(table, "ids").astype(np.int64)
    logits = _matrix(table, "logits").astype(np.float64)
    log_z = _matrix(table, "log_z").astype(np.float64)
    if ids.shape != logits.shape or log_z.shape[1] != len(manifest.temperatures):
        raise SoftLabelError("soft labels hold rows that are not of the sparsifier's size.")
    if ids.max(initial=0) >= manifest.count:
        raise SoftLabelError(f"soft labels hold a class id that is not below {manifest.count}.")
    return ids, logits, log_z


def _matrix(table: pa.Table, column: str) -> NDArray[np.generic]:
    lists = table[column].combine_chunks()
    lengths = np.unique(np.asarray(lists.value_lengths()))
    if len(lengths) != 1:
        raise SoftLabelError(f"soft labels hold rows of unequal length in the column {column}.")
    return np.asarray(lists.flatten().to_numpy()).reshape(table.num_rows, int(lengths[0]))


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
