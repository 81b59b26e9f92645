"""Member rows: the rows of one member, by name.

(example_id, view, draw), … ──index──> row numbers ──> distributions at T, positions, features
"""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.distributions import Distributions, Integers
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.fingerprint import RERUN
from stillroom.softlabels.format.pooled_features import RowFeatures, features_of

RowName = tuple[bytes, int, int]


class MemberRows:
    """The rows of one member in memory. The index and each temperature are computed once."""

    def __init__(self, number: int, decoded: Decoded) -> None:
        """Hold the rows.

        Args:
            number: the number of the member, for errors.
            decoded: the rows of all its shards.
        """
        self.decoded = decoded
        self._number = number
        self._by_temperature: dict[float, Distributions] = {}

    @cached_property
    def index(self) -> dict[RowName, int]:
        """The number of each row.

        Raises:
            SoftLabelError: two rows have the same name.
        """
        columns = [self.decoded.table[name].to_pylist() for name in ("example_id", "view", "draw")]
        rows = {name: row for row, name in enumerate(zip(*columns, strict=True))}
        if len(rows) != self.decoded.table.num_rows:
            (name, _), *_ = Counter(zip(*columns, strict=True)).most_common(1)
            raise SoftLabelError(
                f"member {self._number} holds a row twice: example {name[0].hex()}, view "
                f"{name[1]}, draw {name[2]}. {RERUN}"
            )
        return rows

    def numbers(self, names: Sequence[RowName]) -> Integers:
        """Return the number of each named row.

        Raises:
            SoftLabelError: a row has no soft label.
        """
        missing = [name for name in names if name not in self.index]
        if missing:
            key, view, draw = missing[0]
            raise SoftLabelError(
                f"{len(missing)} of {len(names)} rows have no soft label, the first is example "
                f"{key.hex()}, view {view}, draw {draw}. Run "
                "`kedro run --pipeline=capture` for these examples."
            )
        return np.array([self.index[name] for name in names], dtype=np.int64)

    def distributions(self, names: Sequence[RowName], temperature: float) -> Distributions:
        """Return the distributions at all positions of the named rows, in the order of the names.

        Raises:
            SoftLabelError: a row has no soft label, or there are no labels at the temperature.
        """
        bounds = self.decoded.positions
        positions = [np.arange(bounds[row], bounds[row + 1]) for row in self.numbers(names)]
        chosen = np.concatenate(positions or [np.empty(0, np.int64)])
        return self._at(temperature).take(chosen)

    def lengths(self, names: Sequence[RowName]) -> Integers:
        """Return how many positions each named row has.

        Raises:
            SoftLabelError: a row has no soft label.
        """
        return np.asarray(np.diff(self.decoded.positions)[self.numbers(names)])

    def features(self, names: Sequence[RowName]) -> RowFeatures:
        """Return the pooled features of the named rows.

        Raises:
            SoftLabelError: a row has no soft label, or its features are malformed.
        """
        return self._features.rows(self.numbers(names))

    @cached_property
    def example_ids(self) -> NDArray[np.bytes_]:
        """The example id of each row, 16 bytes."""
        return example_ids_of(self.decoded.table)

    @cached_property
    def _features(self) -> RowFeatures:
        return features_of(self.decoded.table, self.decoded.layout.features)

    def _at(self, temperature: float) -> Distributions:
        if temperature not in self._by_temperature:
            self._by_temperature[temperature] = self.decoded.distributions(temperature)
        return self._by_temperature[temperature]


def example_ids_of(table: pa.Table) -> NDArray[np.bytes_]:
    """Return the example id of each row, 16 bytes."""
    return np.array(table["example_id"].to_pylist(), dtype="S16")
