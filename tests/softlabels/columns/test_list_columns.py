"""List columns: flat values become lists, and lists become the same values and bounds."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.list_columns import flat, lists, offsets, require_bounds

TYPES = [np.uint8, np.uint16, np.uint32, np.float32]
ROWS = st.lists(st.lists(st.integers(0, 255), max_size=5), max_size=8)


@given(arrays(np.int64, st.integers(0, 20), elements=st.integers(0, 9)))
def test_offsets_start_at_zero_and_step_by_the_counts(counts: np.ndarray) -> None:
    bounds = offsets(counts)
    assert bounds[0] == 0
    assert np.diff(bounds).tolist() == counts.tolist()


@given(ROWS, st.sampled_from(TYPES))
def test_lists_are_the_rows_and_flat_gives_them_back(rows: list[list[int]], kind: type) -> None:
    values = np.array([value for row in rows for value in row], dtype=kind)
    made = lists(values, offsets(np.array([len(row) for row in rows], dtype=np.int64)))
    assert made.to_pylist() == rows
    assert made.type.value_type == pa.from_numpy_dtype(np.dtype(kind))
    column = flat(pa.table({"column": made}), "column")
    assert column.values.dtype == kind
    assert column.values.tolist() == values.tolist()
    assert column.lengths.tolist() == [len(row) for row in rows]


@given(ROWS, st.data())
def test_a_slice_or_a_table_of_several_chunks_is_flat_as_if_it_were_whole(
    rows: list[list[int]], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(rows)))
    start = data.draw(st.integers(0, len(rows)))
    kind = pa.list_(pa.uint8())
    pieces = pa.chunked_array([pa.array(rows[:cut], kind), pa.array(rows[cut:], kind)])
    column = flat(pa.table({"column": pieces}).slice(start), "column")
    assert column.values.tolist() == [value for row in rows[start:] for value in row]
    assert column.bounds.tolist() == [0, *np.cumsum([len(row) for row in rows[start:]])]


def test_lists_that_are_longer_than_their_counts_are_refused_by_column_and_row() -> None:
    column = flat(pa.table({"p": pa.array([[1], [2, 3], [4]])}), "p")
    require_bounds(column, np.array([1, 2, 1]), "p")
    with pytest.raises(SoftLabelError, match="row 1: p holds 2 values, but must hold 3"):
        require_bounds(column, np.array([1, 3, 2]), "p")
