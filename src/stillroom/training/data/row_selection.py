"""The transfer set: which training rows a fit learns from.

    keys, labels + Fit ──taken──> a part of the rows, without some classes

Source: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", arXiv 1503.02531,
sections 3 and 6: digits without a single 3, and soft targets for 3% of the data.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillroom.data.example_ids import unit_interval
from stillroom.errors import DataError
from stillroom.objectives.missing_mass import UNLABELLED
from stillroom.training.job import Fit


def taken(fit: Fit, example_ids: Sequence[bytes], labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell which training rows a fit learns from, [N].

    Args:
        fit: takes a share of them, by their keys and its seed, and leaves classes out.
        example_ids: N keys.
        labels: [N], -1 where a row has none.

    Raises:
        DataError: a row without a label may be of a class that is left out, or no row is taken.
    """
    kept = np.full(len(labels), True)
    if fit.rows == "labelled":
        kept &= labels != UNLABELLED
    if fit.without:
        if (labels[kept] == UNLABELLED).any():
            raise DataError(
                "student.transfer.without leaves classes out, and a training row without a label "
                "may be of any. Set data.label_fraction=1 and data.unlabelled=refuse."
            )
        kept &= ~np.isin(labels, fit.without)
    if fit.share < 1:
        kept &= unit_interval(list(example_ids), f"transfer:{fit.seed}") < fit.share
    if not kept.any():
        raise DataError(
            f"of {len(labels)} training rows none is taken for {fit.name}. Raise "
            "data.label_fraction or student.transfer.share."
        )
    return kept
