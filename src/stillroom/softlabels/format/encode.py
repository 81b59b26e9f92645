"""Encode: writes entries and the keys of their rows as the columns of a shard.

Entries, Row, … ──encode_rows──> pyarrow.Table ──decode──> Distributions
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.encoding import Encoding
from stillroom.softlabels.columns.list_columns import offsets
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.pooled_features import RowFeatures, feature_columns
from stillroom.softlabels.format.row import Row, RowKey
from stillroom.softlabels.sparsify.row_rng import Purpose, salt, uniforms

TEACHER_DIGITS = 16
MOST_POSITIONS = 2**16


def encode_rows(
    rows: Sequence[Row],
    entries: Any,
    capture: Capture,
    layout: Layout,
    features: RowFeatures | None = None,
) -> pa.Table:
    """Return the table of some rows.

    Args:
        rows: n rows; row i has len(rows[i].labels) positions.
        entries: those of all positions, row after row.
        capture: the capture of these answers; its seed rounds the heads.
        layout: the columns of this capture.
        features: of the n rows, if the capture keeps features.

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
    encoding = Encoding(positions, layout.classes, lambda counts: _rounding(rows, counts, capture))
    columns |= capture.sparsifier.encode(entries, encoding)
    if features is not None:
        columns |= feature_columns(features, layout.features)
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


def _rounding(rows: Sequence[Row], counts: Sequence[int], capture: Capture) -> NDArray[np.float64]:
    """Return random numbers that round the values of each row's entries."""
    return uniforms(
        [row.input_key for row in rows],
        [row.draw for row in rows],
        counts,
        Purpose.ROUND,
        salt(capture.seed, capture.weights),
    )
