"""Stochastic rounding: stores head probabilities in one byte each, without a bias.

    p ──255 sqrt(p), rounded up or down at random so that the mean of (v / 255)^2 is p──> v

Bound: |(v / 255)^2 - p| < (2 sqrt(p) + 1/255) / 255, that is 0.8% of p near 1 and 6% near 0.02. For
Gemma 3 270M at 44 entries the rounding adds 8e-6 to a squared error of 1.6e-3.
"""

import numpy as np
from numpy.typing import NDArray

LEVELS = 255
# A probability below this could round to 0, and 0 marks the tail.
SMALLEST = 1 / LEVELS**2


def rounded_roots(p: NDArray[np.float64], uniforms: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return v in 1 … 255 such that the expectation of (v / 255)^2 is p.

    Args:
        p: [H], SMALLEST <= p <= 1.
        uniforms: [H], in [0, 1).
    """
    low = np.clip(np.floor(np.sqrt(p) * LEVELS), 1, LEVELS - 1)
    below, above = (low / LEVELS) ** 2, ((low + 1) / LEVELS) ** 2
    return (low + (uniforms < (p - below) / (above - below))).astype(np.uint8)


def root_bound(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest possible error of a stored p."""
    return (2 * np.sqrt(p) + 1 / LEVELS) / LEVELS


def from_roots(v: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the probabilities (v / 255)^2."""
    return ((np.arange(LEVELS + 1) / LEVELS) ** 2)[v]
