"""Targets: a teacher's distributions as tensors, whole or truncated.

ids [N, k], log_p [N, k] at temperature T ──> SoftTarget
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class SoftTarget:
    """The teacher's distributions over C classes at one temperature.

    Attributes:
        ids: [N, k], int64, distinct in each row.
        log_p: [N, k], log-probabilities; they sum to less than one where k < C.
        temperature: the T at which they hold.
    """

    ids: Tensor
    log_p: Tensor
    temperature: float

    def rows(self, index: Tensor) -> "SoftTarget":
        """Return the targets of some rows; `index` is int64 [n] or boolean [N]."""
        return SoftTarget(self.ids[index], self.log_p[index], self.temperature)
