"""Targets for a loss: rows of a soft-label set, or a teacher's logits, as tensors.

softlabels.open(…).read(…) ──Targets──[row numbers]──> Target
the teacher's logits [N, C] ──soft_target──> SoftTarget at the temperatures of a loss
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from stillroom.objectives.missing_mass_treatment import UNBIASED
from stillroom.objectives.targets.ragged_targets import targets_of
from stillroom.objectives.targets.soft_target import SoftTarget

if TYPE_CHECKING:
    from stillroom.softlabels.open_set import RowDistributions

Reduction = Literal["mean", "sum", "none"]
MissingMass = Literal["tail_bucket", "renormalise", "ground_truth"]


@dataclass(frozen=True, slots=True)
class Target:
    """The teachers' distributions at N positions, which a loss compares with N rows of logits.

    Attributes:
        soft: the distributions, whole or truncated, at the temperatures that were read.
        is_unbiased: whether they are unbiased estimates.
    """

    soft: SoftTarget
    is_unbiased: bool = False

    def __len__(self) -> int:
        """Return N."""
        return len(self.soft.ids)

    def to(self, device: torch.device | str) -> "Target":
        """Return the target on a device."""
        return replace(self, soft=self.soft.to(torch.device(device)))


class Targets:
    """The targets of many rows in memory, from which each batch takes its own."""

    def __init__(self, rows: "RowDistributions") -> None:
        """Take what `softlabels.open(…).read(…)` returned.

        >>> import numpy as np
        >>> from stillroom.softlabels.columns.distributions import DenseDistributions
        >>> from stillroom.softlabels import RowDistributions
        >>> p = DenseDistributions(np.log([[0.5, 0.5], [0.9, 0.1], [0.2, 0.8]]))
        >>> rows = RowDistributions([], np.array([1, 1, 1]), {4.0: p}, is_unbiased=False)
        >>> targets = Targets(rows)
        >>> batch = targets[[2, 0]]
        >>> batch.soft.at(4.0).exp()
        tensor([[0.2000, 0.8000],
                [0.5000, 0.5000]])

        Args:
            rows: with one position each (classes) or many (tokens).

        Raises:
            SoftLabelError: a distribution is not finite, or the rows were read at several
                temperatures at which the set keeps different classes.
        """
        self.lengths = torch.from_numpy(rows.lengths)
        self._is_unbiased = rows.is_unbiased
        self._rows = targets_of(rows.by_temperature, rows.lengths)
        self._rows.require_finite()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lengths)

    def __getitem__(self, rows: Tensor | slice | Iterable[int]) -> Target:
        """Return the positions of some rows, one row after the other.

        Args:
            rows: row numbers, int64 [n], in the order in which the rows were read; or a slice.
        """
        if isinstance(rows, slice):
            rows = range(len(self))[rows]
        index = rows if isinstance(rows, Tensor) else torch.tensor(list(rows), dtype=torch.int64)
        return Target(self._rows.rows(index.cpu()), self._is_unbiased)


def temperature_of(target: Target | Tensor, given: float | None) -> float:
    """Return the temperature of a loss.

    Args:
        target: a target, or the teacher's logits, which have every temperature.
        given: None for that of the target; 1 for logits.

    Raises:
        ValueError: none was given, and the target has several.
    """
    if given is not None:
        return float(given)
    if isinstance(target, Tensor):
        return 1.0
    held = list(target.soft.log_p)
    if len(held) != 1:
        raise ValueError(
            f"The target was read at the temperatures {', '.join(f'{t:g}' for t in held)}. Name "
            "one of them: temperature=…"
        )
    return held[0]


def treatment_of(target: Target | Tensor, missing_mass: MissingMass) -> str:
    """Return the treatment of what a target does not hold: in an unbiased one, nothing is missing.

    Args:
        target: a target, or the teacher's logits.
        missing_mass: the treatment of a truncated target.
    """
    return UNBIASED if isinstance(target, Target) and target.is_unbiased else missing_mass


def soft_target(target: Target | Tensor, temperatures: Iterable[float]) -> SoftTarget:
    """Return the target of a loss that reads it at some temperatures; it gets no gradient."""
    if isinstance(target, Target):
        return target.soft
    logits = target.detach()
    return SoftTarget.whole({t: (logits / t).log_softmax(dim=1) for t in temperatures})


def require_fitting(logits: Tensor, soft: SoftTarget, labels: Tensor) -> None:
    """Refuse tensors that do not belong to the same rows and classes.

    Raises:
        ValueError: says which shapes were given.
    """
    if logits.ndim != 2:
        raise ValueError(
            f"logits have the shape {list(logits.shape)}, and a loss takes [N, C]. Of sequences, "
            "give each position a row, for example logits[mask]."
        )
    rows, classes = logits.shape
    if len(soft.ids) != rows or len(labels) != rows:
        raise ValueError(
            f"logits have {rows} rows, the target has {len(soft.ids)} and labels have "
            f"{len(labels)}. Give each row of logits one target and one label."
        )
    if soft.in_order and soft.ids.shape[1] != classes:
        raise ValueError(
            f"logits have {classes} classes, and the target has {soft.ids.shape[1]}. Both must "
            "have the same classes in the same order."
        )


def reduced(values: Tensor, reduction: Reduction) -> Tensor:
    """Return the mean or the sum of the rows' losses [N], or the losses themselves.

    Raises:
        ValueError: the reduction is none of the three.
    """
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is {reduction!r}; it must be 'mean', 'sum' or 'none'.")
    if reduction == "none":
        return values
    return values.mean() if reduction == "mean" else values.sum()
