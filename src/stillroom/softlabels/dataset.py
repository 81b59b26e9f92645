"""A soft-label set on disk: keys and a temperature in, the teachers' distributions out.

    folder ──manifest, shards checked by hash──> SoftLabelSet
    (example_ids, T) ──heads──> Heads(ids, log_p) of one teacher
                     ──probabilities──> [N, C] of the ensemble

Rows are found by key, never by position; a key that is missing is an error.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.manifest import SHARDS, Manifest, Shard, read_manifest
from stillroom.softlabels.shard import decode

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
        return table

    def heads(self, example_ids: list[bytes], temperature: float, member: int) -> Heads:
        """Return one member's heads for the given examples, in their order.

        Raises:
            SoftLabelError: an example has no soft label, or `temperature` was not captured and
                the heads are truncated, so that they cannot be re-tempered exactly.
        """
        ids, logits, log_z = self._arrays[member]
        rows = self._positions(member, example_ids)
        if ids.shape[1] == self.manifest.classes:
            scaled = logits[rows] / temperature
            return Heads(ids[rows], scaled - _log_sum_exp(scaled))
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
        require_exact_mean(members, self._arrays[0][0].shape[1], self.manifest.classes)
        dense = [self._dense(example_ids, temperature, member) for member in range(members)]
        return np.asarray(np.mean(dense, axis=0))

    def _dense(self, example_ids: list[bytes], temperature: float, member: int) -> Doubles:
        heads = self.heads(example_ids, temperature, member)
        mass = np.exp(heads.log_p)
        classes, k = self.manifest.classes, mass.shape[1]
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
            "classes": manifest.classes,
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
        return [_matrices(self.table(member)) for member in range(len(self.manifest.captures))]

    @cached_property
    def _index(self) -> list[dict[bytes, int]]:
        return [
            {key: row for row, key in enumerate(self.table(member)["example_id"].to_pylist())}
            for member in range(len(self.manifest.captures))
        ]

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


def _matrices(table: pa.Table) -> tuple[NDArray[np.int64], Doubles, Doubles]:
    return (
        _matrix(table, "ids").astype(np.int64),
        _matrix(table, "logits").astype(np.float64),
        _matrix(table, "log_z").astype(np.float64),
    )


def _matrix(table: pa.Table, column: str) -> NDArray[np.generic]:
    flat = table[column].combine_chunks().flatten().to_numpy()
    return np.asarray(flat).reshape(table.num_rows, -1)


def _log_sum_exp(scaled: Doubles) -> Doubles:
    peak = scaled.max(axis=1, keepdims=True)
    return np.asarray(peak + np.log(np.exp(scaled - peak).sum(axis=1, keepdims=True)))
