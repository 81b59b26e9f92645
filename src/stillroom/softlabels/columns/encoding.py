"""Encoding: what a sparsifier must know of some rows to write their columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from stillroom.softlabels.columns.distributions import Doubles, Integers


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


def id_type(classes: int) -> pa.DataType:
    """Return the narrowest type that can hold every id below `classes`."""
    if classes <= 2**8:
        return pa.uint8()
    return pa.uint16() if classes <= 2**16 else pa.uint32()
