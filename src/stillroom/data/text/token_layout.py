"""The layout of an encoded sequence: the meaning of its three rows, [3, length].

    TOKENS     the ids of the tokens
    POSITIONS  the position of each token in its piece, from 0
    LABELS     the token that a model should predict at a position, or NO_LABEL

Short sequences are padded: a column without a token holds NO_TOKEN in all three rows.
"""

import numpy as np
from numpy.typing import NDArray

from stillroom.no_label import NO_LABEL

TOKENS, POSITIONS, LABELS = 0, 1, 2
NO_TOKEN = NO_LABEL  # one value for padding, so that one array can be filled with it

Sequences = NDArray[np.int32]
