"""Encoding: what a sparsifier must know of some rows to write their columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from stillroom.softlabels.columns.distributions import Doubles, Integers
from stillroom.softlabels.columns.id_type import id_type


@dataclass(frozen=True, slots=True)
class Encoding:
    """The shape of some rows, and random numbers of their own.

    Attributes:
        positions: the index at which each row's positions start, and the end: [rows + 1].
        classes: C.
        uniforms: takes how many numbers each row needs, and returns them, flat, in [0, 1). They
            depend on the row's input and draw alone, and are not those that select entries.
    """

    positions: Integers
    classes: int
    uniforms: Callable[[Sequence[int]], Doubles]

    @property
    def id_type(self) -> pa.DataType:
        """The narrowest type that can hold every id."""
        return id_type(self.classes)
