"""Layout: which row of an encoded sequence, [3, length], is what."""

import numpy as np
from numpy.typing import NDArray

TOKENS, POSITIONS, LABELS = 0, 1, 2
NONE = -1

Sequences = NDArray[np.int32]
