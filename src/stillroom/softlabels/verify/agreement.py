"""Agreement: argmaxes and hard labels in, whether they belong together out.

    (top, label) of each labelled position, in order ──counts──> shares found, shuffled, shifted

Counts alone are kept, two per class, whatever the number of positions.
"""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.fingerprint import AGAIN

# So many standard deviations must separate the agreement found from a shuffle's or a shift's.
DEVIATIONS = 3

Ints = NDArray[np.int64]


@dataclass(slots=True)
class Agreement:
    """What has been counted; `see` adds to it."""

    tops: Ints
    labels: Ints
    count: int = 0
    equal: int = 0
    behind: int = 0
    ahead: int = 0
    last: tuple[int, int] | None = None

    @classmethod
    def over(cls, classes: int) -> "Agreement":
        """Return an empty count over so many classes."""
        return cls(np.zeros(classes, np.int64), np.zeros(classes, np.int64))

    def see(self, tops: Ints, labels: Ints) -> None:
        """Count the next positions, in order; those without a label (-1) are left out."""
        known = labels >= 0
        tops, labels = tops[known], labels[known]
        if not len(tops):
            return
        self.tops += np.bincount(tops, minlength=len(self.tops))
        self.labels += np.bincount(labels, minlength=len(self.labels))
        self.count += len(tops)
        self.equal += int((tops == labels).sum())
        if self.last is not None:
            tops = np.concatenate([[self.last[0]], tops])
            labels = np.concatenate([[self.last[1]], labels])
        self.behind += int((tops[1:] == labels[:-1]).sum())
        self.ahead += int((tops[:-1] == labels[1:]).sum())
        self.last = (int(tops[-1]), int(labels[-1]))

    @property
    def found(self) -> float:
        """The share of positions whose argmax is the label; NaN without any."""
        return self.equal / self.count if self.count else nan

    @property
    def shuffled(self) -> float:
        """The share that would agree if the labels were shuffled."""
        return float(self.tops @ self.labels) / self.count**2 if self.count else nan

    @property
    def shifted(self) -> float:
        """The share that agrees with the labels moved by one, the better way round."""
        return max(self.behind, self.ahead) / (self.count - 1) if self.count > 1 else nan

    def require(self, whose: str) -> None:
        """Refuse labels that agree no better than shuffled ones, or better when moved by one.

        Raises:
            SoftLabelError: with the shares.
        """
        if self.count < 2:
            return
        error = self._error(self.shuffled)
        bound = self.shuffled + DEVIATIONS * error
        # On a handful of rows even a perfect teacher could not be told from chance.
        if bound < 1 and self.found <= bound:
            raise SoftLabelError(
                f"{whose} agrees with {self.found:.1%} of the hard labels, and shuffled labels "
                f"would agree with {self.shuffled:.1%} (±{error:.1%}). The labels are misaligned, "
                "or the teacher knows nothing of such examples; of one that was trained here the "
                "learning curves tell."
            )
        if self.shifted > self.found + DEVIATIONS * self._error(self.shifted):
            raise SoftLabelError(
                f"{whose} agrees with {self.found:.1%} of the hard labels where they stand, and "
                f"with {self.shifted:.1%} of them moved by one. The labels are misaligned by one. "
                f"{AGAIN}"
            )

    def _error(self, share: float) -> float:
        return sqrt(max(share * (1 - share), 1e-12) / self.count)
