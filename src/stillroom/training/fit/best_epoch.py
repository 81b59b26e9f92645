"""Best epoch: decides which epoch's weights a fit keeps, and when it stops early.

    validation NLL and accuracy of each epoch ──judge──> is_best, is_over, or an error if it is NaN

Teacher, student and control follow the same rule, so that none of them is judged by how much it
overfitted.
"""

import math

from stillroom.config.schema import Optimisation
from stillroom.errors import StillroomError


def require_converging(nll: float, name: str, epoch: int, optimisation: Optimisation) -> None:
    """End a training whose validation NLL is no number any more.

    Args:
        nll: the validation NLL of an epoch.
        name: the name of the fit.
        epoch: the number of the epoch, from 1.
        optimisation: that of the fit, for its learning rate.

    Raises:
        StillroomError: the NLL is NaN or infinite.
    """
    if not math.isfinite(nll):
        raise StillroomError(
            f"{name} diverged in epoch {epoch}: its validation NLL is {nll}. Lower its learning "
            f"rate (lr, now {optimisation.lr:g}), or set clip."
        )


class BestEpoch:
    """The rule of one fit, and what it has seen so far.

    Attributes:
        is_best: whether the latest epoch is the one to keep so far.
        highest: the best goodness so far: the accuracy, or minus the NLL.
        since_best: how many epochs have passed since then.
    """

    def __init__(self, optimisation: Optimisation) -> None:
        """Start before the first epoch; `keep` and `patience` of the optimisation are the rule."""
        self._keep, self._patience = optimisation.keep, optimisation.patience
        self.is_best = False
        self.highest = -math.inf
        self.since_best = 0

    def judge(self, nll: float, accuracy: float) -> None:
        """Take the validation results of one more epoch, in nats and as a share."""
        goodness = accuracy if self._keep == "accuracy" else -nll
        is_better = goodness > self.highest
        self.is_best = is_better or self._keep == "last"
        self.highest = max(self.highest, goodness)
        self.since_best = 0 if is_better else self.since_best + 1

    @property
    def is_over(self) -> bool:
        """Whether `patience` epochs have passed without an improvement."""
        return self._patience is not None and self.since_best >= self._patience
