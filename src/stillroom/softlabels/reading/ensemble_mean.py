"""The ensemble's mean: the distributions of several teachers in, one distribution out.

    log p of each member [members, …, C] ──ensemble_log_p──> log p of the ensemble [..., C]
    stored distributions of each member  ──ensemble_mean───> Distributions

Every ensemble in Stillroom is computed here: members that are stored separately, teachers that are
combined at capture, and live teachers.
"""

from collections.abc import Sequence
from math import log
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.distributions import (
    DenseDistributions,
    Distributions,
    Doubles,
    mixture,
)
from stillroom.softlabels.format.ensemble_combination import Combination

if TYPE_CHECKING:
    from torch import Tensor

Array = TypeVar("Array", Doubles, "Tensor")


def ensemble_log_p(log_p: Sequence[Array], combination: Combination) -> Array:
    """Return the ensemble's log p [..., C].

    Mean of probabilities: log sum_m share_m p_m.
    Mean of logits: log softmax(sum_m share_m log p_m). Logits differ from log p by a constant, so
    this is also the softmax of their own mean.

    Args:
        log_p: each member's [..., C], all numpy arrays or all tensors, of one type and device.
        combination: the kind of mean, and the share of each member.
    """
    members = list(zip(log_p, combination.shares, strict=True))
    if combination.mean == "logit":
        total: Any = sum(share * one for one, share in members)
        return total - _log_sum_exp(total, -1, keepdims=True)
    xp = _namespace(log_p[0])
    return _log_sum_exp(xp.stack([one + log(share) for one, share in members]), 0)


def ensemble_mean(parts: Sequence[Distributions], combination: Combination) -> Distributions:
    """Return the distributions of the ensemble, with ascending ids.

    Args:
        parts: one per member, over the same N positions; `require_combinable` has passed.
        combination: the kind of mean, and the share of each member.

    Raises:
        SoftLabelError: the mean of logits leaves no class, since each is ruled out by a member.
    """
    is_dense = all(isinstance(part, DenseDistributions) for part in parts)
    if len(parts) == 1:
        return parts[0] if is_dense else mixture(parts, combination.shares)
    if is_dense or combination.mean == "logit":
        return _dense_mean(parts, combination)
    return mixture(parts, combination.shares)


def _dense_mean(parts: Sequence[Distributions], combination: Combination) -> DenseDistributions:
    log_p = [part.log_dense() for part in parts]
    if combination.mean == "logit":
        is_possible = np.logical_and.reduce([one > -np.inf for one in log_p]).any(axis=1)
        if not is_possible.all():
            raise SoftLabelError(
                f"position {int(is_possible.argmin())}: each class has probability 0 in some "
                "teacher, so the mean of logits has no class left. Set softlabels.mean=probability."
            )
    return DenseDistributions(ensemble_log_p(log_p, combination))


def _log_sum_exp(values: Any, axis: int, *, keepdims: bool = False) -> Any:
    """Return log sum exp(values) over an axis; it is -inf where all values are."""
    xp = _namespace(values)
    largest = xp.amax(values, axis=axis, keepdims=True)
    largest = xp.where(largest > -np.inf, largest, xp.zeros_like(largest))
    with np.errstate(divide="ignore"):  # log 0 is -inf: a class that every member rules out
        sums = xp.log(xp.exp(values - largest).sum(axis=axis, keepdims=True)) + largest
    return sums if keepdims else sums.squeeze(axis)


def _namespace(array: Any) -> Any:
    """Return numpy or torch, by the type of the array; both know the same argument names."""
    if isinstance(array, np.ndarray):
        return np
    import torch

    return torch
