"""Row: which input a stored answer belongs to, and the key that the store knows it by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RowKey = tuple[bytes, int, int | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One input that a teacher is asked about, without the input itself.

    Attributes:
        example_id, input_key: 16 bytes each.
        part: where the example came from; a new part begins a new block.
        view: which view of the example, 0 being the plain one.
        draw: which of the independent draws of the sparsifier.
        labels: int32 [positions]: the hard label at each position, -1 where there is none. Of a
            sequence they must follow from its input_key; of a single position they need not.
    """

    example_id: bytes
    input_key: bytes
    part: str
    view: int
    draw: int
    labels: NDArray[np.int32]

    @property
    def label(self) -> int | None:
        """The hard label of a row with one position; None where it has none, or several."""
        one = len(self.labels) == 1 and self.labels[0] >= 0
        return int(self.labels[0]) if one else None

    @property
    def key(self) -> RowKey:
        """What the store knows the row by."""
        return self.input_key, self.draw, self.label
