"""Encode: writes entries and the keys of their rows as the columns of a shard.

Entries, Row, … ──encode_rows──> pyarrow.Table ──decode──> Distributions
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.list_columns import lists, offsets
from stillroom.softlabels.format.pooled_features import COLUMN, Halves, column
from stillroom.softlabels.format.row import Row, RowKey
from stillroom.softlabels.format.stochastic_rounding import rounded_roots
from stillroom.softlabels.sparsify.entries import (
    Entries,
    FullEntries,
    SampleEntries,
    ThresholdEntries,
    TopKEntries,
)
from stillroom.softlabels.sparsify.row_rng import Purpose, salt, uniforms
from stillroom.softlabels.sparsify.sparsifiers import Threshold

TEACHER_DIGITS = 16
MOST_POSITIONS = 2**16


@dataclass(frozen=True, slots=True)
class _Coordinates:
    """The owner, id and value of each entry of all rows, in any order."""

    owners: NDArray[np.int64]
    ids: NDArray[np.uint32]
    values: NDArray[np.generic]


def encode_rows(
    rows: Sequence[Row],
    entries: Entries,
    capture: Capture,
    layout: Layout,
    features: Halves | None = None,
) -> pa.Table:
    """Return the table of some rows.

    Args:
        rows: n rows; row i has len(rows[i].labels) positions.
        entries: those of all positions, row after row.
        capture: the capture of these answers; its seed rounds the heads.
        layout: the columns of this capture.
        features: [n, D], if the capture keeps features.

    Raises:
        SoftLabelError: a row has too many positions.
    """
    lengths = np.array([len(row.labels) for row in rows])
    if lengths.max(initial=0) > MOST_POSITIONS:
        raise SoftLabelError(
            f"a row has {lengths.max():,} positions, and at most {MOST_POSITIONS:,} can be stored. "
            "Shorten the sequences."
        )
    positions = offsets(lengths)
    columns = _keys(rows, capture)
    match entries:
        case FullEntries():
            columns["logits"] = lists(entries.logits.ravel(), positions * layout.classes)
        case TopKEntries():
            columns |= _entries(_topk_coordinates(entries), positions, layout)
            temperatures = entries.log_z.shape[1]
            columns["log_z"] = lists(entries.log_z.ravel(), positions * temperatures)
        case SampleEntries():
            columns |= _entries(_sample_coordinates(entries), positions, layout)
        case ThresholdEntries():
            columns |= _entries(
                _threshold_coordinates(entries, rows, positions, capture), positions, layout
            )
    if not isinstance(entries, FullEntries):
        columns["entropy"] = lists(entries.entropy, positions)
        columns["log_p_label"] = lists(entries.log_p_label, positions)
    if features is not None:
        columns[COLUMN] = column(features)
    schema = layout.schema
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def are_rows(table: pa.Table, rows: Sequence[Row], capture: Capture) -> bool:
    """Return whether a table holds this capture's answers to exactly these rows, in order."""
    keys = _keys(rows, capture)
    return all(table[name].equals(pa.chunked_array([column])) for name, column in keys.items())


def row_keys(table: pa.Table) -> list[RowKey]:
    """Return the key of each row of a table."""
    return list(
        zip(
            table["input_key"].to_pylist(),
            table["draw"].to_pylist(),
            table["label"].to_pylist(),
            strict=True,
        )
    )


def _keys(rows: Sequence[Row], capture: Capture) -> dict[str, pa.Array]:
    return {
        "example_id": pa.array([row.example_id for row in rows], pa.binary(16)),
        "input_key": pa.array([row.input_key for row in rows], pa.binary(16)),
        "teacher": pa.array([capture.fingerprint[:TEACHER_DIGITS]] * len(rows)),
        "view": pa.array([row.view for row in rows], pa.uint16()),
        "draw": pa.array([row.draw for row in rows], pa.uint16()),
        "label": pa.array([row.label for row in rows], pa.int32()),
    }


def _entries(
    entries: _Coordinates, positions: NDArray[np.int64], layout: Layout
) -> dict[str, pa.Array]:
    """Return the three parallel lists, sorted by row, then id, then position."""
    row_of = np.repeat(np.arange(len(positions) - 1), np.diff(positions))[entries.owners]
    # lexsort over three keys would take five times as long as a sort by one combined key. The sort
    # is stable, because a stable sort is faster for entries that are already in runs.
    longest = int(np.diff(positions).max(initial=1))
    within_row = entries.owners - positions[row_of]
    key = (row_of * layout.classes + entries.ids.astype(np.int64)) * longest + within_row
    order = np.argsort(key, kind="stable")
    bounds = offsets(np.bincount(row_of, minlength=len(positions) - 1))
    ids = entries.ids[order].astype(layout.id_type.to_pandas_dtype())
    return {
        "ids": lists(ids, bounds),
        "positions": lists(within_row[order].astype(np.uint16), bounds),
        layout.value: lists(entries.values[order], bounds),
    }


def _owners(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def _topk_coordinates(entries: TopKEntries) -> _Coordinates:
    return _Coordinates(_owners(entries.counts), entries.ids, entries.logits)


def _sample_coordinates(entries: SampleEntries) -> _Coordinates:
    return _Coordinates(_owners(entries.counts), entries.ids, entries.times)


def _threshold_coordinates(
    entries: ThresholdEntries, rows: Sequence[Row], positions: NDArray[np.int64], capture: Capture
) -> _Coordinates:
    heads: NDArray[np.generic]
    if isinstance(capture.sparsifier, Threshold):
        bounds = offsets(entries.head_counts)
        heads = rounded_roots(
            entries.head_p,
            uniforms(
                [row.input_key for row in rows],
                [row.draw for row in rows],
                np.diff(bounds[positions]).tolist(),
                Purpose.ROUND,
                salt(capture.seed, capture.weights),
            ),
        )
    else:  # 0 marks the tail, so a p that float32 rounds to 0 becomes the smallest number above 0
        heads = np.maximum(entries.head_p, np.finfo(np.float32).smallest_subnormal).astype(
            np.float32
        )
    tails = np.zeros(len(entries.tail_ids), dtype=heads.dtype)
    return _Coordinates(
        np.concatenate([_owners(entries.head_counts), _owners(entries.tail_counts)]),
        np.concatenate([entries.head_ids, entries.tail_ids]),
        np.concatenate([heads, tails]),
    )
