"""Keys: what a teacher saw, as 16 bytes.

    encoder's hash + augmentation + view + encoded input ──> input_key

`example_id` names an example whatever reads it; `input_key` names one encoded input, so equal
inputs have equal keys and another tokenizer, normalisation or augmentation has others.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

KEY_BYTES = 16
_PERSON = b"stillroom.input2"


def input_keys(
    inputs: NDArray[np.generic], preprocessing: str, augmentation: str, views: Sequence[int]
) -> list[bytes]:
    """Return one key per row.

    Args:
        inputs: [N, *shape], encoded, in the view that the teacher sees.
        preprocessing: the hash of the encoder that made them.
        augmentation: what makes a view of an input, with its seed.
        views: [N], which view of its input each row is; 0 is the plain input.
    """
    rows = np.ascontiguousarray(inputs, dtype=inputs.dtype.newbyteorder("<"))
    shared = f"{preprocessing}:{rows.dtype.str}{rows.shape[1:]}:"
    prefixes = {
        view: f"{shared}{augmentation if view else 'plain'}:{view}:".encode() for view in set(views)
    }
    return [
        hashlib.blake2b(
            prefixes[view] + row.tobytes(), digest_size=KEY_BYTES, person=_PERSON
        ).digest()
        for row, view in zip(rows, views, strict=True)
    ]
