"""Type of the ids: its width follows from the number of classes."""

import numpy as np
import pyarrow as pa
import pytest

from stillroom.softlabels.columns.encoding import Encoding
from stillroom.softlabels.columns.id_type import id_type


@pytest.mark.parametrize(
    ("classes", "expected"),
    [(2, pa.uint8()), (256, pa.uint8()), (257, pa.uint16()), (65_537, pa.uint32())],
)
def test_an_id_has_the_narrowest_type(classes: int, expected: pa.DataType) -> None:
    assert id_type(classes) == expected
    encoding = Encoding(np.array([0, 1]), classes, lambda counts: np.empty(0))
    assert encoding.id_type == expected
