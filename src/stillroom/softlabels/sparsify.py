"""Sparsify: a dense distribution in, the few entries worth storing out.

    logits [N, C] ──top_k──> Sparse(ids [N, k], logits [N, k], log_z [N, T], entropy [N])

Each function states its bias. Nothing here knows Parquet, Kedro or the teacher.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TopK:
    """The k largest logits and log Z over all classes at each of `temperatures`.

    Bias: a head with k < C lacks the tail's mass, which log Z makes known; `k = C` has none and
    is exact at any temperature.
    """

    k: int | Literal["all"]
    temperatures: tuple[float, ...]

    name: Literal["topk"] = "topk"

    def entries(self, classes: int) -> int:
        """Return how many entries are stored per distribution over `classes` classes."""
        return classes if self.k == "all" else min(self.k, classes)


@dataclass(frozen=True, slots=True)
class Sparse:
    """Heads of N distributions, entries by falling logit, ties by rising id.

    Attributes:
        ids: [N, k], uint32.
        logits: [N, k], float32, as the teacher gave them.
        log_z: [N, temperatures], log of the sum over all classes of exp(logit / T).
        entropy: [N], in nats, over all classes at T = 1.
    """

    ids: NDArray[np.uint32]
    logits: Floats
    log_z: Floats
    entropy: Floats


def top_k(logits: Floats, sparsifier: TopK) -> Sparse:
    """Keep the k largest logits of each row.

    Args:
        logits: [N, C], unscaled.
        sparsifier: k and the temperatures at which log Z is kept.

    Raises:
        SoftLabelError: a logit is NaN or infinite; the first such row is named.
    """
    finite = np.isfinite(logits).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise SoftLabelError(
            f"the teacher's answer to row {row} of a batch holds NaN or infinity. "
            "Check the teacher's weights and the scale of its inputs."
        )
    k = sparsifier.entries(logits.shape[1])
    ids = np.argsort(-logits, axis=1, kind="stable")[:, :k]
    wide = logits.astype(np.float64)
    return Sparse(
        ids=ids.astype(np.uint32),
        logits=np.take_along_axis(logits, ids, axis=1),
        log_z=np.stack([log_sum_exp(wide / t) for t in sparsifier.temperatures], axis=1).astype(
            np.float32
        ),
        entropy=_entropy(wide).astype(np.float32),
    )


def log_sum_exp(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log of the sum of exponentials over the last axis, without overflow."""
    peak = logits.max(axis=-1, keepdims=True)
    total = peak + np.log(np.exp(logits - peak).sum(axis=-1, keepdims=True))
    return np.asarray(total[..., 0])


def _entropy(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    log_p = logits - log_sum_exp(logits)[:, None]
    return np.asarray(-(np.exp(log_p) * log_p).sum(axis=1))
