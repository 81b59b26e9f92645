"""Coordinates: entries in any order become sorted columns, and come back as they were."""

import numpy as np
import pyarrow as pa
import pytest

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.coordinates import (
    CoordinateRows,
    Coordinates,
    coordinate_columns,
    owners_of,
)
from stillroom.softlabels.columns.distributions import Doubles
from stillroom.softlabels.columns.encoding import Encoding
from stillroom.softlabels.columns.list_columns import lists

# Two rows of 2 and 1 positions; position 1 holds the classes 3 and 0, the others one class each.
ENCODING = Encoding(np.array([0, 2, 3]), 5, lambda counts: np.empty(0))
ENTRIES = Coordinates(
    np.array([1, 0, 2, 1]), np.array([3, 3, 4, 0], np.uint32), np.array([4, 1, 9, 2], np.uint16)
)


def weights(rows: CoordinateRows, temperature: float) -> Doubles:
    return rows.values("times").astype(np.float64) * temperature


def rows_of(**changes: pa.Array) -> CoordinateRows:
    per_position = np.array([0.5, 1.5, 2.5], np.float32)
    columns = coordinate_columns(ENTRIES, ENCODING, "times")
    columns["entropy"] = lists(per_position, ENCODING.positions)
    columns["log_p_label"] = lists(-per_position, ENCODING.positions)
    columns["pairs"] = lists(np.arange(6, dtype=np.float32), ENCODING.positions * 2)
    return CoordinateRows(pa.table({**columns, **changes}), 5, weights)


def test_entries_are_sorted_by_row_then_id_then_position() -> None:
    columns = coordinate_columns(ENTRIES, ENCODING, "times")
    assert columns["ids"].to_pylist() == [[0, 3, 3], [4]]
    assert columns["positions"].to_pylist() == [[1, 0, 1], [0]]
    assert columns["times"].to_pylist() == [[2, 1, 4], [9]]
    assert columns["ids"].type.value_type == pa.uint8()


def test_the_rows_come_back_with_their_weights() -> None:
    rows = rows_of()
    dense = np.zeros((3, 5))
    dense[1, 0], dense[0, 3], dense[1, 3], dense[2, 4] = 4, 2, 8, 18
    assert rows.distributions(2.0).dense().tolist() == dense.tolist()
    assert rows.positions.tolist() == [0, 2, 3]
    assert rows.entropy.tolist() == [0.5, 1.5, 2.5]
    assert rows.log_p_label.tolist() == [-0.5, -1.5, -2.5]
    assert rows.of_positions("pairs", 2).tolist() == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("ids", [[0, 3, 3], [5]], "row 1: id 5 is not below 5"),
        ("positions", [[1, 0, 2], [0]], "row 0: an entry lies beyond the row's positions"),
        ("positions", [[1, 0], [0]], "row 0: positions holds 2 values, but must hold 3"),
        ("times", [[1, 1, 1], []], "row 1: times holds 0 values, but must hold 1"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    column: str, values: list[list[int]], words: str
) -> None:
    wrong = rows_of(**{column: pa.array(values, pa.list_(pa.uint16()))})
    with pytest.raises(SoftLabelError, match=words):
        wrong.distributions(1.0)


def test_a_column_of_positions_must_have_its_width() -> None:
    with pytest.raises(SoftLabelError, match="row 0: pairs holds 4 values, but must hold 6"):
        rows_of().of_positions("pairs", 3)


def test_the_owner_of_an_entry_follows_from_the_counts() -> None:
    assert owners_of(np.array([2, 0, 1])).tolist() == [0, 0, 2]
