"""Agreement: checks by counting whether argmaxes and hard labels belong together.

    (argmax, label) of each labelled position, in order ──counts──> share, shuffled, shifted

The counts take two numbers per class, regardless of the number of positions.

A language model that was hardly trained repeats what it reads, and the token that it reads is the
label of the position before. So with several positions in a row, more agreement with the labels
moved by one does not prove that they are misaligned; see `require_sequences`.
"""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.fingerprint import RERUN

# The agreement must be this many standard deviations away from that of a shuffle or a shift.
DEVIATIONS = 3
# Of moved labels, those in their places keep less than this part of what is above chance.
KEPT = 0.5

Ints = NDArray[np.int64]


@dataclass(slots=True)
class Agreement:
    """Counts over positions; `update` adds positions.

    Attributes:
        argmax_counts: [C], how often each class is the argmax.
        label_counts: [C], how often each class is the label.
        count: number of labelled positions.
        equal: number of positions whose argmax is the label.
        behind: number of positions whose argmax is the label of the position before.
        ahead: number of positions whose argmax is the label of the position after.
        last: argmax and label of the last position.
    """

    argmax_counts: Ints
    label_counts: Ints
    count: int = 0
    equal: int = 0
    behind: int = 0
    ahead: int = 0
    last: tuple[int, int] | None = None

    @classmethod
    def over(cls, classes: int) -> "Agreement":
        """Return empty counts over a number of classes."""
        return cls(np.zeros(classes, np.int64), np.zeros(classes, np.int64))

    def update(self, argmaxes: Ints, labels: Ints) -> None:
        """Count the next positions, in order; positions without a label (-1) are skipped."""
        has_label = labels >= 0
        argmaxes, labels = argmaxes[has_label], labels[has_label]
        if not len(argmaxes):
            return
        self.argmax_counts += np.bincount(argmaxes, minlength=len(self.argmax_counts))
        self.label_counts += np.bincount(labels, minlength=len(self.label_counts))
        self.count += len(argmaxes)
        self.equal += int((argmaxes == labels).sum())
        if self.last is not None:
            argmaxes = np.concatenate([[self.last[0]], argmaxes])
            labels = np.concatenate([[self.last[1]], labels])
        self.behind += int((argmaxes[1:] == labels[:-1]).sum())
        self.ahead += int((argmaxes[:-1] == labels[1:]).sum())
        self.last = (int(argmaxes[-1]), int(labels[-1]))

    @property
    def share(self) -> float:
        """The share of positions whose argmax is the label; NaN without a labelled position."""
        return self.equal / self.count if self.count else nan

    @property
    def shuffled(self) -> float:
        """The share that would agree if the labels were shuffled."""
        return float(self.argmax_counts @ self.label_counts) / self.count**2 if self.count else nan

    @property
    def shifted(self) -> float:
        """The share that agrees with the labels moved by one position, in the better direction."""
        return max(self.behind, self.ahead) / (self.count - 1) if self.count > 1 else nan

    @property
    def is_better_moved(self) -> bool:
        """Whether more answers agree with the labels moved by one than with those in place."""
        if self.count < 2:
            return False
        return self.shifted > self.share + DEVIATIONS * self._error(self.shifted)

    def require_rows(self, member: str) -> None:
        """Refuse labels of one position a row that agree no better than shuffled or moved ones.

        A classifier does not see the neighbours of a row, so it cannot repeat their labels.

        Args:
            member: names the teacher in an error.

        Raises:
            SoftLabelError: the error contains the shares.
        """
        self._require_above_chance(member)
        self.require_rows_in_place(member)

    def require_rows_in_place(self, member: str) -> None:
        """Refuse labels of one position a row that agree when they are moved, and not in place.

        A teacher whose classes are swapped agrees with moved labels as with shuffled ones, which
        is more than in place, so the moved ones must be better than both.

        Raises:
            SoftLabelError: the error contains the shares.
        """
        if self.is_better_moved and self.shifted > self._bound():
            raise self._misaligned(member)

    def require_sequences(self, member: str, is_recaptured: bool) -> None:
        """Refuse labels of several positions a row that belong to the positions beside them.

        Args:
            member: names the teacher in an error.
            is_recaptured: the teacher promises equal answers, and gave the stored ones a second
                time for the same inputs. What agrees better when moved is then the teacher's own:
                it repeats what it reads.

        Raises:
            SoftLabelError: the labels agree no better than shuffled ones, or nearly all that is
                above chance agrees only when they are moved; the error contains the shares.
        """
        self._require_above_chance(member)
        self.require_sequences_in_place(member, is_recaptured)

    def require_sequences_in_place(self, member: str, is_recaptured: bool) -> None:
        """Refuse labels of several positions a row that agree only when they are moved.

        Args:
            member, is_recaptured: as in `require_sequences`.

        Raises:
            SoftLabelError: the error contains the shares.
        """
        kept = self.share - self.shuffled
        if (
            self.is_better_moved
            and self.shifted > self._bound()
            and not is_recaptured
            and kept < KEPT * (self.shifted - self.shuffled)
        ):
            raise self._misaligned(member)

    def _require_above_chance(self, member: str) -> None:
        if self.count < 2:
            return
        error, bound = self._error(self.shuffled), self._bound()
        # With very few rows even a perfect teacher cannot be distinguished from chance.
        if bound < 1 and self.share <= bound:
            raise SoftLabelError(
                f"{member} agrees with {self.share:.1%} of the hard labels, and shuffled labels "
                f"would agree with {self.shuffled:.1%} (±{error:.1%}). The labels are misaligned, "
                "or the teacher cannot classify these examples. If it was trained here, look at "
                "its learning curves."
            )

    def _misaligned(self, member: str) -> SoftLabelError:
        return SoftLabelError(
            f"{member} agrees with {self.share:.1%} of the hard labels in their places, and with "
            f"{self.shifted:.1%} of them when they are moved by one position. The labels are "
            f"misaligned by one position. {RERUN}"
        )

    def _bound(self) -> float:
        """The share up to which an agreement may be that of shuffled labels."""
        return self.shuffled + DEVIATIONS * self._error(self.shuffled)

    def _error(self, share: float) -> float:
        return sqrt(max(share * (1 - share), 1e-12) / self.count)
