"""The ensemble's mean: several teachers' distributions in, one distribution out."""

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.combination import Combination
from stillroom.softlabels.format.distributions import Distributions, mixed


def combined(parts: list[Distributions], combination: Combination) -> Distributions:
    """Return the ensemble's distributions, ids rising within each.

    Args:
        parts: one per member, over the same N positions; `require_combinable` has passed.
        combination: which mean, with which shares.

    Raises:
        SoftLabelError: of a mean of logits, where the members leave no class possible together.
    """
    if combination.mean == "probability" or len(parts) == 1:
        return mixed(parts, list(combination.shares))
    with np.errstate(divide="ignore"):  # log 0 is -inf: a class that one member rules out
        logs = [
            share * np.log(part.dense())
            for part, share in zip(parts, combination.shares, strict=True)
        ]
    product = np.exp(np.sum(logs, axis=0))
    total = product.sum(axis=1, keepdims=True)
    if not total.all():
        raise SoftLabelError(
            f"position {int(total[:, 0].argmin())}: some teacher rules out each of the classes, "
            "so the mean of logits has none left. Set softlabels.mean=probability."
        )
    dense = product / total
    owners, ids = np.indices(dense.shape)
    return Distributions(
        owners.ravel(), ids.ravel(), dense.ravel(), parts[0].count, parts[0].classes
    )
