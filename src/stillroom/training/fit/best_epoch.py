"""Best epoch: whose weights a fit keeps, and when it stops before its last epoch.

    validation NLL and accuracy of each epoch ──judge──> is_best, is_over

Teacher, student and control follow the same rule, so that none of them is judged by how much it
overfitted.
"""

import math

from stillroom.config.schema import Optimisation


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
