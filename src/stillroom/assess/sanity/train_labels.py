"""Train labels: the examples of running text in, the tokens to predict of some train rows out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.assess.sanity.row_sample import row_sample
from stillroom.data.encoders import SequenceEncoder
from stillroom.data.ingest.splits import TRAIN
from stillroom.data.text.token_layout import LABELS
from stillroom.io.tables import TableFile

SEQUENCES = 2048


def train_labels(examples: TableFile, encoder: SequenceEncoder) -> NDArray[Any]:
    """Return the labels of at most `SEQUENCES` train rows, [M]; hidden tokens are those of view 0.

    Raises:
        DataError: the table is missing or damaged.
    """
    labels = encoder.encode(row_sample(examples, {TRAIN: SEQUENCES}))[:, LABELS]
    flat: NDArray[Any] = labels[labels >= 0].astype(np.int64)
    return flat
