"""Logit rows: reads rows that store every logit, position by position."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.distributions import (
    DenseDistributions,
    Doubles,
    Integers,
    log_softmax,
)
from stillroom.softlabels.columns.list_columns import flat


@dataclass(frozen=True)
class LogitRows:
    """The rows of a table with the column `logits`, flattened into N positions."""

    table: pa.Table
    classes: int

    @cached_property
    def positions(self) -> Integers:
        """The index at which each row's positions start, and the end: [rows + 1].

        Raises:
            SoftLabelError: a row does not hold whole positions.
        """
        bounds = flat(self.table, "logits").bounds
        if (bounds % self.classes).any():
            raise SoftLabelError(f"a row's logits are not a multiple of {self.classes} classes.")
        return bounds // self.classes

    @cached_property
    def entropy(self) -> Doubles:
        """[N], in nats, of the whole distributions at T = 1."""
        log_p = self._at_one.log_p
        p = np.exp(log_p)
        return np.asarray(-(p * np.where(p > 0, log_p, 0)).sum(axis=1))

    @property
    def log_p_label(self) -> Doubles:
        """[N], NaN: these rows store no hard label."""
        return np.full(int(self.positions[-1]), np.nan)

    def distributions(self, temperature: float) -> DenseDistributions:
        """Return the N distributions at any temperature."""
        return self._at_one if temperature == 1 else self._softmax(temperature)

    @cached_property
    def _at_one(self) -> DenseDistributions:
        """Kept, because both the entropy and the checks need it."""
        return self._softmax(1.0)

    def _softmax(self, temperature: float) -> DenseDistributions:
        logits = flat(self.table, "logits").values
        logits = logits.reshape(int(self.positions[-1]), self.classes)
        return DenseDistributions(log_softmax(logits, temperature))


def logits_of_rows(table: pa.Table, classes: int) -> NDArray[np.float32]:
    """Return the logits of a table, [rows, longest row, C], padded with zeros."""
    logits = flat(table, "logits")
    positions = logits.lengths // classes
    inside = np.arange(positions.max()) < positions[:, None]
    dense = np.zeros((*inside.shape, classes), np.float32)
    dense[inside] = logits.values.reshape(-1, classes)
    return dense
