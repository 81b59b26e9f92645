"""Temperature scaling of language models: batches of logits in, the T with the least NLL out.

    logits [M, V], labels [M] ──nll_curve──> NllCurve: the NLL by 1/T, on a grid
    Curves of all batches, added up ──best_temperature──> T
    logits, labels, T ──scaled_scores──> ScaledScores of softmax(z / T) ──scaled_quality──> metrics

Guo et al. (2017), "On Calibration of Modern Neural Networks", arXiv 1706.04599, section 4.2, as in
`temperature_scaling`. A search would need all logits many times, and logits over a vocabulary do
not fit into memory. So each batch is read once. The NLL of softmax(βz), β = 1/T, is convex in β.
Its slope E_β[z] - z(label) and curvature Var_β[z] cost only two products more than the
normalisation.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.metrics import ece_of
from stillroom.evaluation.statistics.scores import Doubles
from stillroom.evaluation.temperature_scaling import LEAST, MOST
from stillroom.evaluation.token_metrics import require_finite, rows_at_once

if TYPE_CHECKING:
    from torch import Tensor

# NLL, slope and curvature at these ten points give T to 0.005% in the median, and to 0.11% in the
# worst of 600 cases.
BETAS = 1 / np.geomspace(MOST, LEAST, 10)

# Smaller logits are raised to this value, whose exp is 0 at each β. The logit of an impossible
# token is -inf, and 0 times -inf would be NaN.
LOWEST = -2e4

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class NllCurve:
    """The NLL by β, summed over positions, at each of `BETAS`.

    Attributes:
        nll: [G], log Σ exp(βz) - βz(label).
        slope: [G], dNLL/dβ = E_β[z] - z(label).
        curvature: [G], d²NLL/dβ² = Var_β[z].
    """

    nll: Doubles
    slope: Doubles
    curvature: Doubles

    def __add__(self, other: "NllCurve") -> "NllCurve":
        """Return the curve of the positions of both."""
        return NllCurve(
            self.nll + other.nll, self.slope + other.slope, self.curvature + other.curvature
        )


@dataclass(frozen=True, slots=True)
class ScaledScores:
    """The scores of a model at M positions with a temperature; its first choices stay.

    Attributes:
        temperature: the divisor of the logits.
        nll: [M], -log q(label), in nats.
        confidence: [M], the probability of the first choice.
    """

    temperature: float
    nll: Doubles
    confidence: Doubles


@dataclass(frozen=True, slots=True)
class ScaledQuality:
    """The effect of temperature scaling on a language model, over all positions of a split.

    Attributes:
        temperature: the fitted T; above 1 the model is over-confident.
        scaled_ece: the calibration error of the first choice.
        scaled_nll: the NLL per token, in nats.
    """

    temperature: float
    scaled_ece: float
    scaled_nll: float


def nll_curve(logits: "Tensor", labels: "Tensor") -> NllCurve:
    """Return the NLL of M positions by β.

    Args:
        logits: [M, V], the model's.
        labels: [M], int64.

    Raises:
        DataError: a logit is NaN or infinite.
    """
    import torch

    sums = np.zeros((3, len(BETAS)))
    for rows in rows_at_once(logits):
        z = logits[rows].double()
        z = (z - z.amax(dim=1, keepdim=True)).clamp_(min=LOWEST)
        of_label = z.gather(1, labels[rows][:, None])[:, 0]
        for at, beta in enumerate(BETAS):
            odds = (z * beta).exp_()
            total = odds.sum(dim=1)
            mean = odds.mul_(z).sum(dim=1) / total
            square = odds.mul_(z).sum(dim=1) / total
            nll = total.log() - beta * of_label
            parts = torch.stack([nll, mean - of_label, square - mean.square()])
            sums[:, at] += parts.sum(dim=1).cpu().numpy()
    require_finite(sums)
    return NllCurve(*sums)


def best_temperature(curve: NllCurve) -> float:
    """Return the T with the least NLL, between `LEAST` and `MOST`: there the slope is 0.

    Between two points of the grid the NLL is approximated by the quintic in log β that has the same
    value, slope and curvature at both points.
    """
    from scipy.interpolate import BPoly
    from scipy.optimize import brentq

    if curve.slope[0] >= 0:
        return MOST
    if curve.slope[-1] <= 0:
        return LEAST
    above = int((curve.slope > 0).argmax())
    log_beta, by_log = np.log(BETAS), BETAS * curve.slope
    ends = np.stack([curve.nll, by_log, by_log + BETAS**2 * curve.curvature], axis=1)
    at = slice(above - 1, above + 1)
    slope = BPoly.from_derivatives(log_beta[at], ends[at]).derivative()
    return float(np.exp(-brentq(slope, *log_beta[at])))


def scaled_scores(logits: "Tensor", labels: "Tensor", temperature: float) -> ScaledScores:
    """Return the scores of softmax(z / T).

    Args:
        logits: [M, V], the model's.
        labels: [M], int64.
        temperature: T > 0.

    Raises:
        DataError: a logit is NaN or infinite.
    """
    import torch

    parts = []
    for rows in rows_at_once(logits):
        z = logits[rows].double() / temperature
        log_z = z.logsumexp(dim=1)
        nll = log_z - z.gather(1, labels[rows][:, None])[:, 0]
        parts.append((nll, (z.amax(dim=1) - log_z).exp()))
    scores = ScaledScores(
        temperature, *(torch.cat(one).cpu().numpy() for one in zip(*parts, strict=True))
    )
    require_finite(scores.nll)
    return scores


def scaled_quality(model: ScaledScores, right: Bools, bins: int) -> ScaledQuality:
    """Return the measures of one model.

    Args:
        model: the model's scores at M positions.
        right: [M], whether the model's first choice is the label.
        bins: the number of bins of the calibration error.
    """
    return ScaledQuality(
        temperature=model.temperature,
        scaled_ece=ece_of(model.confidence, right, bins),
        scaled_nll=float(model.nll.mean()),
    )
