"""Shard checks: compare a shard's rows with their inputs; an error names the row.

The checks cover the keys of the rows, the number of positions, the validity of the distributions
and the hard labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.chunks import CaptureInput
from stillroom.softlabels.columns.distributions import (
    DenseDistributions,
    Distributions,
    SparseDistributions,
)
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.fingerprint import RERUN
from stillroom.softlabels.format.pooled_features import NONE, features_of
from stillroom.softlabels.sparsify.sparsifier import MASS_BOUND


@dataclass(frozen=True, slots=True)
class CheckedShard:
    """A shard, decoded once, with the inputs that its rows must belong to.

    Attributes:
        where: names member and shard in an error.
        inputs: the expected inputs, in order.
        decoded: the shard's rows.
        distributions: those at the sparsifier's own temperature.
    """

    where: str
    inputs: Sequence[CaptureInput]
    decoded: Decoded
    distributions: Distributions

    @classmethod
    def of(cls, decoded: Decoded, inputs: Sequence[CaptureInput], where: str) -> "CheckedShard":
        """Decode a shard and check it.

        Raises:
            SoftLabelError: a check failed; the error names the row.
        """
        require_rows(decoded.table, inputs, where)
        try:  # reading the columns checks whether they fit each other
            distributions = decoded.distributions(decoded.layout.sparsifier.own_temperature)
            _ = decoded.entropy, decoded.log_p_label
            if decoded.layout.features != NONE:
                features_of(decoded.table, decoded.layout.features)
        except SoftLabelError as error:
            raise SoftLabelError(f"{where}, {error}") from error
        shard = cls(where, inputs, decoded, distributions)
        shard.require_positions()
        shard.require_hard_labels()
        shard.require_masses()
        shard.require_log_p()
        return shard

    @property
    def labels(self) -> NDArray[np.int32]:
        """The hard labels of all positions, row after row."""
        return np.concatenate([one.row.labels for one in self.inputs])

    @property
    def argmaxes(self) -> NDArray[np.int64]:
        """The heaviest class of each position, the lowest id of equal ones; -1 without an entry."""
        distributions = self.distributions
        if isinstance(distributions, DenseDistributions):
            return np.asarray(distributions.log_p.argmax(axis=1))
        order = np.lexsort((-distributions.ids, distributions.weights, distributions.owners))
        heaviest = np.full(len(distributions), -1, dtype=np.int64)
        # The last assignment wins, and the last entry of each position is the heaviest.
        heaviest[distributions.owners[order]] = distributions.ids[order]
        return heaviest

    def require_positions(self) -> None:
        """Check that each row has as many positions as its input declares."""
        declared = np.array([len(one.row.labels) for one in self.inputs])
        stored = np.diff(self.decoded.positions)
        wrong = stored != declared
        if wrong.any():
            row = int(np.argmax(wrong))
            raise SoftLabelError(
                f"{self.where}, row {row}: the row holds {stored[row]} positions, but the example "
                f"declares {declared[row]}. {RERUN}"
            )

    def require_hard_labels(self) -> None:
        """Check that the stored label is the example's label, if labels are stored."""
        if not self.decoded.layout.sparsifier.stores_labels:
            return
        labels = self.decoded.table["label"].to_pylist()
        for row, (label, one) in enumerate(zip(labels, self.inputs, strict=True)):
            if label != one.row.label:
                raise SoftLabelError(
                    f"{self.where}, row {row}: the row was captured for the hard label {label}, "
                    f"but the example has {one.row.label}. {RERUN}"
                )

    def require_masses(self) -> None:
        """Check that each class occurs once per position, and that the mass is allowed."""
        distributions = self.distributions
        if isinstance(distributions, SparseDistributions):
            self._require_distinct(distributions)
        masses = distributions.masses
        within, bounds = self.decoded.layout.sparsifier.allowed_masses(distributions)
        if not within.all():  # false for NaN too
            at = int(np.argmin(within))
            raise SoftLabelError(
                f"{self._row(at)}: the mass is {masses[at]:.4g}, but it must be {bounds}. {RERUN}"
            )

    def _require_distinct(self, distributions: SparseDistributions) -> None:
        order = np.lexsort((distributions.ids, distributions.owners))
        owners, ids = distributions.owners[order], distributions.ids[order]
        is_repeated = (owners[1:] == owners[:-1]) & (ids[1:] == ids[:-1])
        if is_repeated.any():
            row = self._row(int(owners[int(np.argmax(is_repeated))]))
            raise SoftLabelError(f"{row}: a position holds a class twice. {RERUN}")

    def require_log_p(self) -> None:
        """Compare the stored probability of the hard label with the log p stored beside it."""
        kind = self.decoded.layout.sparsifier
        if not kind.stores_labels:
            return
        log_p, labels = self.decoded.log_p_label, self.labels
        wrong = np.isnan(log_p) == (labels >= 0)
        if wrong.any():
            raise SoftLabelError(
                f"{self._row(int(np.argmax(wrong)))}: log p of a hard label is missing, or a "
                f"position without a label has one. {RERUN}"
            )
        if kind.own_temperature != 1:
            return
        distributions = self.distributions
        is_stated = np.zeros(len(distributions.ids), dtype=bool)
        is_stated[kind.stated(self.decoded.table)] = True
        is_label = is_stated & (distributions.ids == labels[distributions.owners])
        owners, weights = distributions.owners[is_label], distributions.weights[is_label]
        error = kind.stated_error(weights)
        if error is None:
            return
        stored = np.exp(log_p[owners])
        excess = np.abs(weights - stored) - error - MASS_BOUND * stored
        if (excess > 0).any():
            raise SoftLabelError(
                f"{self._row(int(owners[np.argmax(excess)]))}: the head and the log p beside "
                f"it give the hard label different probabilities. The labels are misaligned. "
                f"{RERUN}"
            )

    def _row(self, position: int) -> str:
        row = int(np.searchsorted(self.decoded.positions, position, side="right")) - 1
        return f"{self.where}, row {row}"


def require_rows(table: pa.Table, inputs: Sequence[CaptureInput], where: str) -> None:
    """Check that a shard's rows are the next inputs, in order.

    Raises:
        SoftLabelError: a row belongs to another example, input, view or draw; the error names the
            first of these rows.
    """
    names = ("example_id", "input_key", "view", "draw")
    keys = zip(*(table[name].to_pylist() for name in names), strict=True)
    for row, (key, one) in enumerate(zip(keys, inputs, strict=False)):
        expected = one.row
        if key[0] != expected.example_id:
            raise SoftLabelError(
                f"{where}, row {row}: the row belongs to example {key[0].hex()}, but the expected "
                f"example is {expected.example_id.hex()}. The set was captured for other examples. "
                f"{RERUN}"
            )
        if key[1:] != (expected.input_key, expected.view, expected.draw):
            raise SoftLabelError(
                f"{where}, row {row}: example {key[0].hex()} was captured for a different input, "
                f"view or draw. The labels are misaligned. {RERUN}"
            )
    if len(inputs) < table.num_rows:
        raise SoftLabelError(
            f"{where}, row {len(inputs)}: there are no more examples. The set was captured for "
            f"other examples. {RERUN}"
        )
