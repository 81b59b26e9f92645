"""Decode: columns that do not fit each other are refused."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from support.softlabels.decode_cases import (
    FLOAT32,
    KINDS,
)
from support.softlabels.dense_reference import (
    entropy,
    log_softmax,
    normal_logits,
    row,
    softmax,
    stored,
)

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier


def kind_names(kinds: list[Sparsifier]) -> list[str]:
    return [kind.kind for kind in kinds]


each_kind = pytest.mark.parametrize("kind", KINDS, ids=kind_names(KINDS))


each_size = pytest.mark.parametrize("classes", [2, 256, 257, 70_000])


@each_kind
@each_size
def test_entropy_and_the_labels_log_p_come_back_at_temperature_one(
    kind: Sparsifier, classes: int
) -> None:
    logits = normal_logits(6, classes).reshape(2, 3, classes)
    labels = [[0, 1, -1], [1]]
    decoded = stored(logits, kind, [row(0, labels[0]), row(1, labels[1])])
    flat = logits.reshape(6, classes)[:4]  # one position of the second answer counts
    assert decoded.positions.tolist() == [0, 3, 4]
    assert decoded.entropy == pytest.approx(entropy(softmax(flat)), rel=2e-6, abs=2e-6)
    log_p = log_softmax(flat)
    expected = [log_p[0, 0], log_p[1, 1], np.nan, log_p[3, 1]]
    if isinstance(kind, Full):  # not stored beside the column that it follows from
        expected = [np.nan] * 4
    assert decoded.log_p_label == pytest.approx(expected, rel=2e-6, abs=2e-6, nan_ok=True)


@each_kind
def test_a_class_with_all_the_mass_is_decoded_with_all_of_it(kind: Sparsifier) -> None:
    logits = np.full((3, 300), -np.inf, dtype=np.float32)
    logits[:, 77] = 5
    with np.errstate(all="raise"):
        decoded = stored(logits, kind)
        distributions = decoded.distributions(2.0)
        assert decoded.entropy == pytest.approx(np.zeros(3), abs=1e-6)
    expected = np.zeros((3, 300))
    expected[:, 77] = 1
    assert distributions.dense() == pytest.approx(expected, abs=FLOAT32)


def with_list(decoded: Decoded, column: str, values: list[list[int]]) -> Decoded:
    """Return the same table with one list column replaced."""
    table = decoded.table
    at = table.schema.get_field_index(column)
    field = table.schema.field(at)
    return replace(decoded, table=table.set_column(at, field, pa.array(values, field.type)))


def test_columns_that_do_not_fit_each_other_are_refused_with_their_row() -> None:
    decoded = stored(normal_logits(2, 10), TopK(k=2, temperatures=(1.0,)))
    ids = [[2, 3], [4, 5]]
    for column, values, words in (
        ("ids", [[2, 3], [4, 10]], "row 1: id 10 is not below 10"),
        ("positions", [[0, 0], [0, 1]], "row 1: an entry lies beyond"),
        ("positions", [[0, 0], [0]], "row 1: positions holds 1 values"),
        ("logits", [[0], [0, 0]], "row 0: logits holds 1 values"),
        ("log_z", [[0, 0], [0]], "row 0: log_z holds 2 values"),
    ):
        broken = with_list(with_list(decoded, "ids", ids), column, values)
        with pytest.raises(SoftLabelError, match=words):
            broken.distributions(1.0)
    with pytest.raises(SoftLabelError, match="row 1: log_p_label holds 0 values"):
        _ = with_list(decoded, "log_p_label", [[0], []]).log_p_label


def test_full_rows_that_are_not_whole_positions_are_refused() -> None:
    decoded = stored(normal_logits(2, 3), Full())
    with pytest.raises(SoftLabelError, match="not a multiple of 3 classes"):
        with_list(decoded, "logits", [[1, 2, 3], [1, 2]]).distributions(1.0)
