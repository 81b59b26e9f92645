"""Keys: what a teacher saw, as 16 bytes.

    encoder's hash + view + encoded input ──> input_key

`example_id` names an example whatever reads it; `input_key` names one encoded input, so equal
inputs have equal keys and another tokenizer, normalisation or augmentation has others.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

KEY_BYTES = 16
_PERSON = b"stillroom.input1"


def input_keys(inputs: NDArray[np.float32], preprocessing: str, view: int = 0) -> list[bytes]:
    """Return one key per row.

    Args:
        inputs: [N, *shape], what the teacher is given.
        preprocessing: the hash of the encoder that made them.
        view: which augmented view this is; 0 is the plain input.
    """
    prefix = f"{preprocessing}:{view}:{inputs.shape[1:]}:".encode()
    rows = np.ascontiguousarray(inputs, dtype="<f4")
    return [
        hashlib.blake2b(prefix + row.tobytes(), digest_size=KEY_BYTES, person=_PERSON).digest()
        for row in rows
    ]
