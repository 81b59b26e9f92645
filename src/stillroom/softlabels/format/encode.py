"""Rows: entries and keys in, a table of a shard's columns out, and back to distributions.

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
    """Entries of all rows: which distribution, which id, which value; in any order."""

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
        rows: n rows, of which row i has len(rows[i].labels) positions.
        entries: of all their positions, row after row.
        capture: whose answers these are; its seed rounds the heads.
        layout: of that capture.
        features: [n, D], where the capture keeps them.
    """
    lengths = np.array([len(row.labels) for row in rows])
    if lengths.max(initial=0) > MOST_POSITIONS:
        raise SoftLabelError(
            f"a row has {lengths.max():,} positions, and at most {MOST_POSITIONS:,} can be stored. "
            "Cut sequences shorter."
        )
    positions = offsets(lengths)
    columns = _keys(rows, capture)
    match entries:
        case FullEntries():
            columns["logits"] = lists(entries.logits.ravel(), positions * layout.classes)
        case TopKEntries():
            columns |= _entries(_of_topk(entries), positions, layout)
            temperatures = entries.log_z.shape[1]
            columns["log_z"] = lists(entries.log_z.ravel(), positions * temperatures)
        case SampleEntries():
            columns |= _entries(_of_sample(entries), positions, layout)
        case ThresholdEntries():
            columns |= _entries(_of_threshold(entries, rows, positions, capture), positions, layout)
    if not isinstance(entries, FullEntries):
        columns["entropy"] = lists(entries.entropy, positions)
        columns["log_p_label"] = lists(entries.log_p_label, positions)
    if features is not None:
        columns[COLUMN] = column(features)
    schema = layout.schema
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def are_rows(table: pa.Table, rows: Sequence[Row], capture: Capture) -> bool:
    """Say whether a table holds this teacher's answers to just these rows, in order."""
    keys = _keys(rows, capture)
    return all(table[name].equals(pa.chunked_array([column])) for name, column in keys.items())


def row_keys(table: pa.Table) -> list[RowKey]:
    """Return what each row of a table is known by."""
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
    found: _Coordinates, positions: NDArray[np.int64], layout: Layout
) -> dict[str, pa.Array]:
    """Return the three parallel lists, sorted by row, then id, then position."""
    row_of = np.repeat(np.arange(len(positions) - 1), np.diff(positions))[found.owners]
    # One key instead of three, which lexsort takes five times as long for; stable, because that
    # sort is the faster one where entries come in runs.
    longest = int(np.diff(positions).max(initial=1))
    places = found.owners - positions[row_of]
    key = (row_of * layout.classes + found.ids.astype(np.int64)) * longest + places
    order = np.argsort(key, kind="stable")
    bounds = offsets(np.bincount(row_of, minlength=len(positions) - 1))
    ids = found.ids[order].astype(layout.id_type.to_pandas_dtype())
    return {
        "ids": lists(ids, bounds),
        "positions": lists(places[order].astype(np.uint16), bounds),
        layout.value: lists(found.values[order], bounds),
    }


def _owners(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def _of_topk(entries: TopKEntries) -> _Coordinates:
    return _Coordinates(_owners(entries.counts), entries.ids, entries.logits)


def _of_sample(entries: SampleEntries) -> _Coordinates:
    return _Coordinates(_owners(entries.counts), entries.ids, entries.times)


def _of_threshold(
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
    else:  # a p that float32 would take for 0 is the smallest that it is not
        heads = np.maximum(entries.head_p, np.finfo(np.float32).smallest_subnormal).astype(
            np.float32
        )
    tails = np.zeros(len(entries.tail_ids), dtype=heads.dtype)
    return _Coordinates(
        np.concatenate([_owners(entries.head_counts), _owners(entries.tail_counts)]),
        np.concatenate([entries.head_ids, entries.tail_ids]),
        np.concatenate([heads, tails]),
    )
