"""Linear heads: embeddings and labels in, multinomial logistic regression out.

    mean NLL + |W|² / 2CN ──L-BFGS over scaled weights, C rising──> LinearHead for each C

The penalty does not change under a rotation, so the embeddings are rotated onto their principal
axes. There the Hessian is nearly diagonal: for each class and axis it is about mean p(1 - p) · the
variance + 1 / CN. L-BFGS runs on weights that are scaled by the square root of this diagonal: it
needs fewer steps, and the gradient then tells how far the objective is from its minimum.

Source of L-BFGS: Liu and Nocedal (1989), doi 10.1007/BF01589116.
"""

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

_LOG = logging.getLogger(__name__)

STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)  # C, the inverse of the penalty
ROWS_AT_ONCE = 1024  # their logits stay in the processor's cache
# In nats. Probabilities are then within 1e-3 of those of the exact minimum, for each of the C that
# are tried. sklearn stops at a gradient of 1e-4, where they differ by up to 0.2.
EXCESS = 1e-8

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LinearHead:
    """A linear head: logits = embedding @ weights.T + bias.

    Attributes:
        weights: [classes, D].
        bias: [classes].
    """

    weights: Doubles
    bias: Doubles

    def nll(self, vectors: Doubles, labels: Labels) -> float:
        """Return the mean NLL of labels [N], given embeddings [N, D], in nats."""
        from scipy.special import log_softmax

        log_p = log_softmax(vectors @ self.weights.T + self.bias, axis=1)
        return float(-log_p[np.arange(len(labels)), labels].mean())


def fit_head(vectors: Doubles, labels: Labels, strength: float, steps: int) -> LinearHead:
    """Return multinomial logistic regression with an L2 penalty, as `fit_heads` fits it."""
    return fit_heads(vectors, labels, strength, steps)[strength]


def fit_heads(
    vectors: Doubles, labels: Labels, largest: float, steps: int
) -> dict[float, LinearHead]:
    """Return multinomial logistic regression with an L2 penalty, for each strength up to one.

    Each fit starts from the head of the next smaller strength, so that the head of a strength has
    the same bits regardless of the larger ones.

    Args:
        vectors: [N, D].
        labels: [N], each class at least once.
        largest: C. The fit minimises the sum of the NLL plus |W|² / 2C, without a penalty on the
            bias. For two classes it is |w|² / 2C, where w is the difference of the two rows of W.
        steps: the largest number of steps of L-BFGS for each strength.
    """
    from threadpoolctl import threadpool_limits

    # The threads of BLAS wait for each other within each product, and on a busy machine that takes
    # ten times as long as one thread. These threads meet only at the end of a step.
    with threadpool_limits(1), ThreadPoolExecutor(os.cpu_count()) as pool:
        problem = _Problem.of(vectors, labels, pool)
        parameters = np.zeros((problem.classes, vectors.shape[1] + 1))
        heads = {}
        for strength in (*(one for one in STRENGTHS if one < largest), largest):
            parameters = _minimised(problem, parameters, strength, steps)
            heads[strength] = problem.head(parameters)
    return heads


@dataclass(frozen=True, slots=True)
class _Problem:
    """Embeddings on their principal axes, and labels; parameters are [classes, D + 1], bias last.

    Attributes:
        mean: [D], of the embeddings.
        axes: [D, D], the principal axes as columns.
        variances: [D], along each axis.
        rotated: [N, D], the embeddings without their mean, on these axes.
        pool: runs batches of rows. Their sums are added in the order of the rows, so that no bit
            depends on the number of threads.
    """

    mean: Doubles
    axes: Doubles
    variances: Doubles
    rotated: Doubles
    labels: Labels
    pool: ThreadPoolExecutor

    @classmethod
    def of(cls, vectors: Doubles, labels: Labels, pool: ThreadPoolExecutor) -> "_Problem":
        mean = vectors.mean(axis=0)
        centred = vectors - mean
        variances, axes = np.linalg.eigh(centred.T @ centred / len(vectors))
        return cls(mean, axes, np.maximum(variances, 0.0), centred @ axes, labels, pool)

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1

    def ridge(self, strength: float) -> float:
        """Return the factor of |W|² / 2 beside the mean NLL."""
        # For two classes |w|² is twice the sum of the squares of both rows.
        return (2.0 if self.classes == 2 else 1.0) / (strength * len(self.labels))

    def curvature(self, parameters: Doubles, ridge: float) -> Doubles:
        """Return the approximate diagonal of the Hessian, [classes, D + 1]."""
        spread = np.zeros(self.classes)
        for part in self._parts(self._spread, parameters):
            spread += part / len(self.labels)
        variances = np.append(self.variances, 1.0)
        return np.asarray(spread[:, None] * variances + ridge)

    def objective(self, parameters: Doubles, ridge: float) -> tuple[float, Doubles]:
        """Return the objective and its gradient, [classes, D + 1]."""
        nll, slope = 0.0, np.zeros_like(parameters)
        for part_nll, part_slope in self._parts(self._nll_and_slope, parameters):
            nll += part_nll
            slope += part_slope
        weights = parameters[:, :-1]
        slope /= len(self.labels)
        slope[:, :-1] += ridge * weights
        return nll / len(self.labels) + 0.5 * ridge * float((weights**2).sum()), slope

    def head(self, parameters: Doubles) -> LinearHead:
        """Return the head for embeddings that are not rotated."""
        weights = parameters[:, :-1] @ self.axes.T
        return LinearHead(weights, parameters[:, -1] - weights @ self.mean)

    def _parts(self, of: Callable[[Doubles, slice], T], parameters: Doubles) -> Iterator[T]:
        """Yield what `of` returns for each batch of rows, in order."""
        starts = range(0, len(self.labels), ROWS_AT_ONCE)
        batches = [slice(start, start + ROWS_AT_ONCE) for start in starts]
        return self.pool.map(partial(of, parameters), batches)

    def _nll_and_slope(self, parameters: Doubles, batch: slice) -> tuple[float, Doubles]:
        """Return the sums over a batch of the NLL and of its gradient."""
        p, rows, labels = self._p(parameters, batch), self.rotated[batch], self.labels[batch]
        each = np.arange(len(labels))
        nll = -float(np.log(np.maximum(p[each, labels], np.finfo(float).tiny)).sum())
        p[each, labels] -= 1.0
        return nll, np.concatenate([p.T @ rows, p.sum(axis=0)[:, None]], axis=1)

    def _spread(self, parameters: Doubles, batch: slice) -> Doubles:
        """Return the sum over a batch of p(1 - p), [classes]."""
        p = self._p(parameters, batch)
        return np.asarray((p * (1.0 - p)).sum(axis=0))

    def _p(self, parameters: Doubles, batch: slice) -> Doubles:
        """Return the probabilities of a batch, [n, classes]."""
        p = self.rotated[batch] @ parameters[:, :-1].T + parameters[:, -1]
        p -= p.max(axis=1, keepdims=True)
        np.exp(p, out=p)
        p /= p.sum(axis=1, keepdims=True)
        return np.asarray(p)


def _minimised(problem: _Problem, start: Doubles, strength: float, steps: int) -> Doubles:
    """Return the parameters at the minimum, from parameters to start with."""
    from scipy.optimize import minimize

    ridge = problem.ridge(strength)
    scale = 1.0 / np.sqrt(problem.curvature(start, ridge))
    excess = np.inf

    def objective(flat: Doubles) -> tuple[float, Doubles]:
        nonlocal excess
        value, slope = problem.objective(scale * flat.reshape(scale.shape), ridge)
        slope *= scale
        excess = 0.5 * float((slope**2).sum())  # of a quadratic with this Hessian
        return value, slope.ravel()

    def stop(intermediate_result: "OptimizeResult") -> None:
        if excess <= EXCESS:
            raise StopIteration

    options: dict[str, Any] = {"maxiter": steps, "maxfun": 4 * steps, "ftol": 0.0, "gtol": 0.0}
    minimum = minimize(
        objective,
        (start / scale).ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=stop,
        options=options,
    )
    if excess > EXCESS:
        _LOG.warning("The head has not converged in %d steps. Raise teacher.head.steps.", steps)
    return np.asarray(scale * minimum.x.reshape(scale.shape))
