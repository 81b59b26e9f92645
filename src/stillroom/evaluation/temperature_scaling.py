"""Temperature scaling: answers on validation rows in, the temperature that calibrates them out.

    probabilities [N, C], labels [N] ──least NLL──> T ──scaled──> probabilities^(1/T), normalised

Guo et al. (2017), "On Calibration of Modern Neural Networks", arXiv 1706.04599, section 4.2. It
does not change the first choice. Its effect is measured on other rows than those of the fit.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.metrics import nll
from stillroom.evaluation.statistics.scores import Doubles

# Answers are stored as float32, so a logit that is 87 nats below the first choice is lost.
LEAST_P = float(np.finfo(np.float32).tiny)
# A model that needs a temperature outside this range is broken, not badly calibrated.
LEAST, MOST = 0.05, 20.0


def fitted_temperature(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the T with the least NLL, from `LEAST` to `MOST`; T > 1 means over-confidence.

    Raises:
        DataError: shapes do not match, or rows are no distributions.
    """
    from scipy.optimize import minimize_scalar

    nll(probabilities, labels)  # this validates both arrays
    minimum = minimize_scalar(
        lambda log_t: nll(scaled_probabilities(probabilities, float(np.exp(log_t))), labels),
        bounds=(np.log(LEAST), np.log(MOST)),
        method="bounded",
        options={"xatol": 1e-5},
    )
    return float(np.exp(minimum.x))


def scaled_probabilities(probabilities: NDArray[Any], temperature: float) -> Doubles:
    """Return [N, C]: softmax(log p / T), with p clipped from below at `LEAST_P`."""
    from scipy.special import softmax

    positive = np.clip(np.asarray(probabilities, dtype=np.float64), LEAST_P, None)
    return np.asarray(softmax(np.log(positive) / temperature, axis=1))
