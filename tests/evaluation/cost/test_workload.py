"""Batches: the inputs in turn, without end."""

from itertools import islice

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.cost.workload import batches, require_inputs

INPUTS = np.arange(6, dtype=np.int32).reshape(3, 2)


def test_inputs_come_in_turn_and_from_the_first_again() -> None:
    three = list(islice(batches(INPUTS, 2), 3))
    assert [batch[:, 0].tolist() for batch in three] == [[0, 2], [4, 0], [2, 4]]
    assert all(batch.dtype == np.int32 and batch.flags.c_contiguous for batch in three)


def test_a_batch_may_be_larger_than_what_there_is() -> None:
    assert next(batches(INPUTS[:1], 4)).tolist() == [[0, 1]] * 4


def test_nothing_is_refused_and_one_is_not() -> None:
    require_inputs(INPUTS[:1])
    with pytest.raises(DataError, match="at least one is needed"):
        require_inputs(INPUTS[:0])
