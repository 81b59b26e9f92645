"""Decode: reads the distributions of a shard's table at a temperature.

    pyarrow.Table + Layout ──Decoded──> distributions at T, entropy, log p of the hard labels

Decoding checks that the columns fit each other: parallel lists have the same length, ids are below
the number of classes, and positions are within their row.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.distributions import (
    DenseDistributions,
    Distributions,
    Doubles,
    Integers,
    SparseDistributions,
    log_softmax,
)
from stillroom.softlabels.format.list_columns import Flat, flat, require_bounds
from stillroom.softlabels.format.stochastic_rounding import LEVELS, from_roots
from stillroom.softlabels.sparsify.sparsifiers import FixedThreshold, Full, Sample, Threshold, TopK


@dataclass(frozen=True)
class Decoded:
    """The rows of a table, flattened into N positions."""

    table: pa.Table
    layout: Layout

    @cached_property
    def positions(self) -> Integers:
        """The index at which each row's positions start, and the end: [rows + 1].

        Raises:
            SoftLabelError: a row of `full` does not hold whole positions.
        """
        if not isinstance(self.layout.sparsifier, Full):
            return flat(self.table, "entropy").bounds
        bounds = flat(self.table, "logits").bounds
        if (bounds % self.layout.classes).any():
            raise SoftLabelError(
                f"a row's logits are not a multiple of {self.layout.classes} classes."
            )
        return bounds // self.layout.classes

    @cached_property
    def entropy(self) -> Doubles:
        """[N], in nats, of the whole distributions at T = 1."""
        if isinstance(self.layout.sparsifier, Full):
            log_p = self._full_at_one.log_p
            p = np.exp(log_p)
            return np.asarray(-(p * np.where(p > 0, log_p, 0)).sum(axis=1))
        return flat(self.table, "entropy").values.astype(np.float64)

    @property
    def log_p_label(self) -> Doubles:
        """[N], log p of the hard labels at T = 1, NaN without a label; `full` does not store it."""
        if isinstance(self.layout.sparsifier, Full):
            return np.full(int(self.positions[-1]), np.nan)
        log_p = flat(self.table, "log_p_label")
        require_bounds(log_p, np.diff(self.positions), "log_p_label")
        return log_p.values.astype(np.float64)

    def distributions(self, temperature: float) -> Distributions:
        """Return the N distributions at a temperature.

        Raises:
            SoftLabelError: the labels are not valid at this temperature, or the columns do not fit
                each other.
        """
        kind = self.layout.sparsifier
        match kind:
            case Full():
                return self._full(temperature)
            case TopK(temperatures=captured):
                _require_captured(temperature, captured)
                return self._with(self._topk(temperature, captured.index(temperature)))
            case Sample(samples=samples, temperature=captured_at):
                _require_unbiased(temperature, captured_at)
                return self._with(self._values("times").astype(np.float64) / samples)
            case Threshold(tau=tau, temperature=captured_at):
                _require_unbiased(temperature, captured_at)
                weights = from_roots(np.arange(LEVELS + 1, dtype=np.uint8))
                weights[0] = tau
                return self._with(weights[self._values("root_p")])
            case FixedThreshold(temperature=captured_at):
                _require_unbiased(temperature, captured_at)
                return self._with(self._fixed(self._values("p").astype(np.float64)))

    @cached_property
    def _coordinates(self) -> tuple[Integers, Integers]:
        """Return the owner and the id of each entry."""
        ids = flat(self.table, "ids")
        positions = self._parallel("positions", ids)
        within_row = positions.values.astype(np.uint32)
        is_outside = within_row >= np.repeat(np.diff(self.positions).astype(np.uint32), ids.lengths)
        if is_outside.any():
            raise SoftLabelError(
                f"row {_row_of(ids, is_outside)}: an entry lies beyond the row's positions."
            )
        largest = ids.values.max(initial=0)
        if largest >= self.layout.classes:
            raise SoftLabelError(
                f"row {_row_of(ids, ids.values == largest)}: id {largest} is not below "
                f"{self.layout.classes}."
            )
        owners = np.repeat(self.positions[:-1], ids.lengths)
        owners += within_row
        return owners, ids.values.astype(np.int64)

    def _parallel(self, column: str, ids: Flat) -> Flat:
        values = flat(self.table, column)
        require_bounds(values, ids.lengths, column)
        return values

    def _values(self, column: str) -> NDArray[np.generic]:
        return self._parallel(column, flat(self.table, "ids")).values

    def _with(self, weights: Doubles) -> SparseDistributions:
        owners, ids = self._coordinates
        return SparseDistributions(
            owners, ids, weights, int(self.positions[-1]), self.layout.classes
        )

    def _topk(self, temperature: float, column: int) -> Doubles:
        kind = self.layout.sparsifier
        width = len(kind.temperatures) if isinstance(kind, TopK) else 0
        log_z = flat(self.table, "log_z")
        require_bounds(log_z, np.diff(self.positions) * width, "log_z")
        owners, _ = self._coordinates
        scale = log_z.values.astype(np.float64).reshape(-1, width)[:, column]
        with np.errstate(over="ignore"):  # verify refuses logits far above their log Z
            return np.exp(self._values("logits").astype(np.float64) / temperature - scale[owners])

    def _fixed(self, p: Doubles) -> Doubles:
        owners, _ = self._coordinates
        count = int(self.positions[-1])
        tail = p == 0
        rest = 1 - np.bincount(owners, weights=p, minlength=count)
        equal = rest.clip(min=0) / np.bincount(owners[tail], minlength=count).clip(min=1)
        return np.where(tail, equal[owners], p)

    @cached_property
    def _full_at_one(self) -> DenseDistributions:
        """Kept, because both the entropy and the checks need it."""
        return self._softmax(1.0)

    def _full(self, temperature: float) -> DenseDistributions:
        return self._full_at_one if temperature == 1 else self._softmax(temperature)

    def _softmax(self, temperature: float) -> DenseDistributions:
        logits = flat(self.table, "logits").values
        logits = logits.reshape(int(self.positions[-1]), self.layout.classes)
        return DenseDistributions(log_softmax(logits, temperature))


def _row_of(column: Flat, mask: NDArray[np.bool_]) -> int:
    """Return the row of the first entry for which the mask is true."""
    return int(np.searchsorted(column.bounds, mask.argmax(), side="right")) - 1


def _require_captured(temperature: float, captured: tuple[float, ...]) -> None:
    if temperature not in captured:
        raise SoftLabelError(
            f"temperature {temperature:g} was not captured with these truncated soft labels. "
            f"Use one of {', '.join(f'{t:g}' for t in captured)}, or add it to "
            "softlabels.temperatures and run `kedro run --pipeline=capture`."
        )


def _require_unbiased(temperature: float, captured: float) -> None:
    if temperature != captured:
        raise SoftLabelError(
            f"these soft labels are unbiased at temperature {captured:g}, but not at "
            f"{temperature:g}. Set objective.temperature={captured:g}, or "
            f"softlabels.temperature={temperature:g} and run `kedro run --pipeline=capture`."
        )
