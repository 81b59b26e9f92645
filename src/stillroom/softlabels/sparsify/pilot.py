"""The pilot: a sample of a teacher's distributions in, tau for a number of entries out.

    logits of some positions ──histogram of p──> expected entries at every tau ──> tau

At a given tau, a distribution keeps #{p >= tau} entries of the head and, on average,
(mass below tau) / tau entries of the tail. Both are sums over one histogram, so one pass over the
sample is enough for every tau.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.stochastic_rounding import SMALLEST

# Bins by log p, 0.3% wide, from the smallest tau that the codec can store up to 1.
BINS = 4096
LOWEST_TAU = 1.25 * SMALLEST
EDGES = np.geomspace(LOWEST_TAU, 1.0, BINS + 1)


@dataclass(slots=True)
class Pilot:
    """A histogram of the probabilities of a sample.

    Attributes:
        positions: how many distributions were added.
        counts, masses: [BINS], sums over the distributions.
    """

    positions: int = 0
    counts: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))
    masses: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))

    def see(self, logits: Any, temperature: float) -> None:
        """Add distributions: logits [n, C] on any device."""
        import torch

        from stillroom.softlabels.sparsify.rules.row_max import with_row_max
        from stillroom.softlabels.sparsify.rules.softmax_mass import mass

        rows = max(1, 2**21 // logits.shape[-1])
        for chunk in torch.as_tensor(logits).split(rows):
            softmax = mass(with_row_max(chunk), temperature)
            p = softmax.e.flatten(1) / softmax.z.float()[:, None]
            storable = p[p >= LOWEST_TAU].double().cpu().numpy()
            at = (np.searchsorted(EDGES, storable, side="right") - 1).clip(max=BINS - 1)
            self.counts += np.bincount(at, minlength=BINS)
            self.masses += np.bincount(at, weights=storable, minlength=BINS)
            self.positions += len(chunk)

    def entries(self) -> NDArray[np.float64]:
        """Return the average number of entries with each edge as tau, [BINS + 1], descending."""
        heads = np.append(self.counts[::-1].cumsum()[::-1], 0)
        head_mass = np.append(self.masses[::-1].cumsum()[::-1], 0)
        tails = (self.positions - head_mass).clip(min=0) / EDGES
        return np.asarray((heads + tails) / self.positions)

    def tau(self, entries: float) -> float:
        """Return the tau at which distributions keep `entries` on average.

        Raises:
            SoftLabelError: even the smallest tau keeps fewer.
        """
        average = self.entries()
        if entries > average[0]:
            raise SoftLabelError(
                f"softlabels.entries={entries:g} is too many: a threshold keeps at most "
                f"{average[0]:.1f} on average here. Lower it, or set softlabels.sparsifier=full."
            )
        at = int(np.searchsorted(-average, -entries))
        if at == 0:
            return float(EDGES[0])
        above, below = average[at - 1], average[at]
        share = (above - entries) / (above - below) if above > below else 0.0
        return float(EDGES[at - 1] * (EDGES[at] / EDGES[at - 1]) ** share)
