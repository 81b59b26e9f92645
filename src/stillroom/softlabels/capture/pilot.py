"""The pilot: a sample of a teacher's distributions in, the tau that keeps so many entries out.

    logits of some positions ──histogram of p──> expected entries at every tau ──> tau

At a tau a distribution keeps #{p >= tau} heads and, on average, (mass below tau) / tau of the
tail; both are sums over a histogram, so that one pass over the sample answers for every tau.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.stochastic_rounding import SMALLEST

# Bins by log p, 0.3% wide, from the smallest tau that the codec can store up to 1.
BINS = 4096
LOWEST_TAU = 1.25 * SMALLEST
EDGES = np.geomspace(LOWEST_TAU, 1.0, BINS + 1)


@dataclass(slots=True)
class Pilot:
    """What a sample of distributions says of every tau.

    Attributes:
        positions: how many distributions were seen.
        counts, masses: [BINS], summed over them.
    """

    positions: int = 0
    counts: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))
    masses: NDArray[np.float64] = field(default_factory=lambda: np.zeros(BINS))

    def see(self, logits: Any, temperature: float) -> None:
        """Add distributions: logits [n, C] on any device."""
        import torch

        from stillroom.softlabels.sparsify.row_max import peaked
        from stillroom.softlabels.sparsify.softmax_mass import mass

        rows = max(1, 2**21 // logits.shape[-1])
        for chunk in torch.as_tensor(logits).split(rows):
            of = mass(peaked(chunk), temperature)
            p = of.e.flatten(1) / of.z.float()[:, None]
            seen = p[p >= LOWEST_TAU].double().cpu().numpy()
            at = (np.searchsorted(EDGES, seen, side="right") - 1).clip(max=BINS - 1)
            self.counts += np.bincount(at, minlength=BINS)
            self.masses += np.bincount(at, weights=seen, minlength=BINS)
            self.positions += len(chunk)

    def entries(self) -> NDArray[np.float64]:
        """Return the average number of entries at each edge as tau, [BINS + 1], falling."""
        heads = np.append(self.counts[::-1].cumsum()[::-1], 0)
        head_mass = np.append(self.masses[::-1].cumsum()[::-1], 0)
        tails = (self.positions - head_mass).clip(min=0) / EDGES
        return np.asarray((heads + tails) / self.positions)

    def tau(self, entries: float) -> float:
        """Return the tau at which distributions keep `entries` on average.

        Raises:
            SoftLabelError: no tau that can be stored keeps so many.
        """
        average = self.entries()
        if entries > average[0]:
            raise SoftLabelError(
                f"softlabels.entries={entries:g} is more than a threshold can keep here, "
                f"{average[0]:.1f} on average. Ask for fewer, or set softlabels.sparsifier=full."
            )
        at = int(np.searchsorted(-average, -entries))
        if at == 0:
            return float(EDGES[0])
        above, below = average[at - 1], average[at]
        share = (above - entries) / (above - below) if above > below else 0.0
        return float(EDGES[at - 1] * (EDGES[at] / EDGES[at - 1]) ** share)
