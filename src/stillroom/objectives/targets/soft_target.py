"""Soft targets: a teacher's distributions as tensors, whole or truncated.

ids [N, k], log_p {T: [N, k]} ──> SoftTarget
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

import torch
from torch import Tensor

from stillroom.errors import SoftLabelError


@dataclass(frozen=True, slots=True)
class SoftTarget:
    """The teacher's distributions over C classes, at the temperatures that the objective reads.

    Attributes:
        ids: [N, k], int64, distinct in each row.
        log_p: [N, k] at each temperature: log-probabilities, whose probabilities sum to less than
            one where k < C; log-weights for unbiased sparsifiers. -inf means probability zero.
        in_order: whether the ids of each row are 0, …, C - 1, so that no lookup is needed.
    """

    ids: Tensor
    log_p: Mapping[float, Tensor]
    in_order: bool = False

    @classmethod
    def whole(cls, log_p: Mapping[float, Tensor]) -> "SoftTarget":
        """Return whole distributions [N, C] as a target; its ids take no memory.

        Raises:
            ValueError: there is no distribution.
        """
        if not log_p:
            raise ValueError(
                "A whole target needs the distribution at one temperature at least. None was given."
            )
        first = next(iter(log_p.values()))
        ids = torch.arange(first.shape[1], device=first.device).expand(first.shape)
        return cls(ids, log_p, in_order=True)

    @classmethod
    def nothing(cls, rows: int) -> "SoftTarget":
        """Return a target without classes, for a loss that compares no answers."""
        return cls(torch.empty((rows, 0), dtype=torch.int64), {})

    def at(self, temperature: float) -> Tensor:
        """Return log_p at a temperature.

        Raises:
            SoftLabelError: the target has no values at this temperature.
        """
        log_p = self.log_p.get(temperature)
        if log_p is None:
            raise SoftLabelError(
                f"The target holds at temperature {_listed(self.log_p)}, and the objective needs "
                f"{temperature:g}. Read the soft labels at the temperature of the objective."
            )
        return log_p

    def rows(self, index: Tensor | slice) -> "SoftTarget":
        """Return the targets of some rows; a tensor is int64 [n] or boolean [N]."""
        log_p = {t: p[index] for t, p in self.log_p.items()}
        if not self.in_order:
            return SoftTarget(self.ids[index], log_p)
        rows = len(next(iter(log_p.values())))
        return SoftTarget(self.ids[:1].expand(rows, -1), log_p, in_order=True)

    def to(self, device: torch.device) -> "SoftTarget":
        """Return the targets on a device."""
        log_p = {t: p.to(device) for t, p in self.log_p.items()}
        return SoftTarget.whole(log_p) if self.in_order else SoftTarget(self.ids.to(device), log_p)

    def missing(self, temperature: float) -> Tensor:
        """Return the probability [N] that is not stored."""
        return (1 - self.at(temperature).exp().sum(dim=-1)).clamp(min=0)

    def require_finite(self) -> None:
        """Refuse targets that would turn a loss into NaN.

        Raises:
            SoftLabelError: a log-probability is NaN or +inf, or a row holds nothing but -inf.
        """
        for temperature, log_p in self.log_p.items():
            unusable = log_p.isnan() | log_p.isposinf()
            bad = unusable.any(dim=-1) | log_p.isneginf().all(dim=-1)
            if bool(bad.any()):
                row = int(bad.int().argmax())
                what = "NaN or infinity" if bool(unusable[row].any()) else "no probability at all"
                refuse_target(row, what, temperature)

    def widened(self, k: int) -> "SoftTarget":
        """Return the target with k columns; the new ids of a row are unused and have probability 0.

        Args:
            k: the number of columns: at least the present one, at most the number of classes.
        """
        more = k - self.ids.shape[1]
        if not more:
            return self
        candidates = torch.arange(k, device=self.ids.device)  # enough of these k ids are unused
        is_used = (self.ids[:, :, None] == candidates).any(dim=1)
        free = is_used.int().argsort(dim=1, stable=True)[:, :more]
        padding = {t: p.new_full((len(p), more), -torch.inf) for t, p in self.log_p.items()}
        return SoftTarget(
            torch.cat([self.ids, free], dim=1),
            {t: torch.cat([p, padding[t]], dim=1) for t, p in self.log_p.items()},
        )


def refuse_target(row: int, content: str, temperature: float) -> NoReturn:
    """Refuse a target that would turn a loss into NaN.

    Raises:
        SoftLabelError: always.
    """
    raise SoftLabelError(
        f"the soft label of row {row} holds {content} at temperature {temperature:g}. "
        "Run `kedro softlabels verify`: it names the damaged shard."
    )


def stacked(several: Sequence[SoftTarget]) -> SoftTarget:
    """Return the rows of several targets, one after the other, as wide as the widest."""
    if all(one.in_order for one in several):
        return SoftTarget.whole(
            {t: torch.cat([one.log_p[t] for one in several]) for t in several[0].log_p}
        )
    k = max(one.ids.shape[1] for one in several)
    wide = [one.widened(k) for one in several]
    return SoftTarget(
        torch.cat([one.ids for one in wide]),
        {t: torch.cat([one.log_p[t] for one in wide]) for t in wide[0].log_p},
    )


def _listed(temperatures: Mapping[float, Tensor]) -> str:
    return ", ".join(f"{t:g}" for t in temperatures)
