"""Decode: a shard's table in, its distributions out, at the temperature that is asked for.

    pyarrow.Table + Layout ──Decoded──> distributions at T, entropy, log p of the hard labels

What the columns say of each other is checked on the way: parallel lists of one length, ids below
the number of classes, positions within their row.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.distributions import Distributions, Doubles, Integers
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
        """Where each row's positions start, and the end: [rows + 1].

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

    @property
    def entropy(self) -> Doubles:
        """[N], in nats, of the whole distributions at T = 1."""
        if isinstance(self.layout.sparsifier, Full):
            log_p = self._full_log_p(1.0)
            p = np.exp(log_p)
            return np.asarray(-(p * np.where(p > 0, log_p, 0)).sum(axis=1))
        return flat(self.table, "entropy").values.astype(np.float64)

    @property
    def log_p_label(self) -> Doubles:
        """[N], of the hard labels at T = 1, NaN without; not stored where all of it is."""
        if isinstance(self.layout.sparsifier, Full):
            return np.full(int(self.positions[-1]), np.nan)
        found = flat(self.table, "log_p_label")
        require_bounds(found, np.diff(self.positions), "log_p_label")
        return found.values.astype(np.float64)

    def distributions(self, temperature: float) -> Distributions:
        """Return the N distributions at a temperature.

        Raises:
            SoftLabelError: they cannot be had exactly at that temperature, or the columns do not
                fit each other.
        """
        kind = self.layout.sparsifier
        match kind:
            case Full():
                return _whole(np.exp(self._full_log_p(temperature)))
            case TopK(temperatures=captured):
                _require_captured(temperature, captured)
                return self._with(self._topk(temperature, captured.index(temperature)))
            case Sample(draws=draws, temperature=captured_at):
                _require_unbiased(temperature, captured_at)
                return self._with(self._values("times").astype(np.float64) / draws)
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
        places = self._parallel("positions", ids)
        inside = places.values.astype(np.uint32)
        outside = inside >= np.repeat(np.diff(self.positions).astype(np.uint32), ids.lengths)
        if outside.any():
            raise SoftLabelError(
                f"row {_row_of(ids, outside)}: an entry stands beyond the row's positions."
            )
        largest = ids.values.max(initial=0)
        if largest >= self.layout.classes:
            raise SoftLabelError(
                f"row {_row_of(ids, ids.values == largest)}: id {largest} is not below "
                f"{self.layout.classes}."
            )
        owners = np.repeat(self.positions[:-1], ids.lengths)
        owners += inside
        return owners, ids.values.astype(np.int64)

    def _parallel(self, column: str, ids: Flat) -> Flat:
        found = flat(self.table, column)
        require_bounds(found, ids.lengths, column)
        return found

    def _values(self, column: str) -> NDArray[np.generic]:
        return self._parallel(column, flat(self.table, "ids")).values

    def _with(self, weights: Doubles) -> Distributions:
        owners, ids = self._coordinates
        return Distributions(owners, ids, weights, int(self.positions[-1]), self.layout.classes)

    def _topk(self, temperature: float, column: int) -> Doubles:
        kind = self.layout.sparsifier
        width = len(kind.temperatures) if isinstance(kind, TopK) else 0
        log_z = flat(self.table, "log_z")
        require_bounds(log_z, np.diff(self.positions) * width, "log_z")
        owners, _ = self._coordinates
        scale = log_z.values.astype(np.float64).reshape(-1, width)[:, column]
        with np.errstate(over="ignore"):  # logits far above their log Z: for verify to refuse
            return np.exp(self._values("logits").astype(np.float64) / temperature - scale[owners])

    def _fixed(self, p: Doubles) -> Doubles:
        owners, _ = self._coordinates
        count = int(self.positions[-1])
        tail = p == 0
        rest = 1 - np.bincount(owners, weights=p, minlength=count)
        equal = rest.clip(min=0) / np.bincount(owners[tail], minlength=count).clip(min=1)
        return np.where(tail, equal[owners], p)

    def _full_log_p(self, temperature: float) -> Doubles:
        logits = flat(self.table, "logits").values.astype(np.float64)
        scaled = logits.reshape(int(self.positions[-1]), self.layout.classes) / temperature
        shifted = scaled - scaled.max(axis=1, keepdims=True)
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))


def _row_of(found: Flat, chosen: NDArray[np.bool_]) -> int:
    """Return the row of the first entry that was chosen."""
    return int(np.searchsorted(found.bounds, chosen.argmax(), side="right")) - 1


def _whole(p: Doubles) -> Distributions:
    count, classes = p.shape
    owners = np.repeat(np.arange(count, dtype=np.int64), classes)
    ids = np.tile(np.arange(classes, dtype=np.int64), count)
    return Distributions(owners, ids, p.ravel(), count, classes)


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
            f"these soft labels are unbiased at temperature {captured:g}, and at {temperature:g} "
            f"they would not be. Set objective.temperature={captured:g}, or "
            f"softlabels.temperature={temperature:g} and run `kedro run --pipeline=capture`."
        )
