"""Input keys: identify the input of a teacher by 16 bytes.

    encoder's hash + augmentation + view + encoded input ──> input_key

`example_id` names an example regardless of its encoding. `input_key` names one encoded input: equal
inputs have equal keys, and another tokenizer, normalisation or augmentation gives other keys.
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
        preprocessing: the hash of the encoder.
        augmentation: what makes a view of an input, with its seed.
        views: [N], the number of each row's view; 0 is the plain input.
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
