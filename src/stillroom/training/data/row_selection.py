"""Row selection: the keys and labels of the training rows in, the transfer set of a fit out.

    keys, labels + Fit ──transfer_mask──> a share of the rows, without some classes

Source: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", arXiv 1503.02531,
sections 3 and 6: digits without a single 3, and soft targets for 3% of the data.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillroom.data.example_ids import unit_interval
from stillroom.errors import DataError
from stillroom.no_label import NO_LABEL
from stillroom.training.job import Fit


def rows_of_teachers(classes: Sequence[str]) -> str:
    """Return which training rows a teacher that is trained here learns from, for `Fit.rows`.

    Those with a label; all of them in running text, where each token is the label of the one
    before it.

    Args:
        classes: the names of the classes; none in running text.
    """
    return "labelled" if classes else "all"


def transfer_mask(
    fit: Fit, example_ids: Sequence[bytes], labels: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which training rows a fit learns from, [N].

    Args:
        fit: says which share of the rows it takes, by keys and seed, and which classes it omits.
        example_ids: N keys.
        labels: [N], -1 where a row has none.

    Raises:
        DataError: a row without a label may belong to an omitted class, or no row is left.
    """
    kept = np.full(len(labels), True)
    if fit.rows == "labelled":
        kept &= labels != NO_LABEL
    if fit.without:
        if (labels[kept] == NO_LABEL).any():
            raise DataError(
                "student.transfer.without omits classes, but a training row without a label may "
                "belong to any class. Set data.label_fraction=1 and data.unlabelled=refuse."
            )
        kept &= ~np.isin(labels, fit.without)
    if fit.share < 1:
        kept &= unit_interval(list(example_ids), f"transfer:{fit.seed}") < fit.share
    if not kept.any():
        raise DataError(
            f"{fit.name} would learn from none of the {len(labels)} training rows. Raise "
            "data.label_fraction or student.transfer.share."
        )
    return kept
