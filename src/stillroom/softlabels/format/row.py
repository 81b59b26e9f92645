"""Row: the input that a stored answer belongs to, and its key in the store."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RowKey = tuple[bytes, int, int | None]


@dataclass(frozen=True, slots=True)
class Row:
    """The description of one input of a teacher, without the input itself.

    Attributes:
        example_id, input_key: 16 bytes each.
        part: the source file of the example; a new part begins a new chunk.
        view: the number of the view of the example; 0 is the plain one.
        draw: the number of the independent draw of the sparsifier.
        labels: int32 [positions]: the hard label at each position, -1 without a label. The labels
            of a sequence must follow from its input_key; the label of a single position need not.
    """

    example_id: bytes
    input_key: bytes
    part: str
    view: int
    draw: int
    labels: NDArray[np.int32]

    @property
    def label(self) -> int | None:
        """The hard label of a row with one position; None without a label or with several."""
        has_label = len(self.labels) == 1 and self.labels[0] >= 0
        return int(self.labels[0]) if has_label else None

    @property
    def key(self) -> RowKey:
        """The key of the row in the store."""
        return self.input_key, self.draw, self.label
