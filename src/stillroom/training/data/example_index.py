"""The index of the examples: where each lies, by its key, and whether soft labels match them.

examples ──keys, splits, labels──> Index ──require(ids)──> places, or which one is foreign
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.io.tables import TableFile
from stillroom.objectives.missing_mass import UNLABELLED
from stillroom.training.data.memory_dataset import TRAIN


@dataclass(frozen=True, slots=True)
class Index:
    """Where each example lies, by its key.

    Attributes:
        ids: [N], sorted, 16 bytes each.
        files: [N], the number of its file.
        train: [N], whether it is a training example.
        labels: [N], -1 where it has none.
    """

    ids: NDArray[np.bytes_]
    files: NDArray[np.int64]
    train: NDArray[np.bool_]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, examples: TableFile) -> "Index":
        """Read the keys of all examples."""
        frames = [part.read(["example_id", "split", "label"]) for part in examples.parts]
        frame = pl.concat(frames)
        ids = np.array(frame["example_id"].to_list(), dtype="S16")
        order = np.argsort(ids)
        files = np.repeat(np.arange(len(frames)), [len(one) for one in frames])
        return cls(
            ids[order],
            files[order],
            (frame["split"] == TRAIN).to_numpy()[order],
            frame["label"].fill_null(UNLABELLED).to_numpy().astype(np.int64)[order],
        )

    @property
    def keys(self) -> list[bytes]:
        """The keys; numpy drops zero bytes at their end."""
        return [key.ljust(16, b"\0") for key in self.ids.tolist()]

    def only(self, kept: NDArray[np.bool_]) -> "Index":
        """Return the part of the index where `kept`, [N], holds."""
        return Index(self.ids[kept], self.files[kept], self.train[kept], self.labels[kept])

    def require_equal(self, times: NDArray[np.int64]) -> None:
        """Refuse soft labels that some example has fewer of than others: views and draws.

        Args:
            times: [N], how many each example has.

        Raises:
            SoftLabelError: says which example it is.
        """
        most = times.max(initial=1)
        lacking = times < most
        if lacking.any():
            at = int(lacking.argmax())
            raise SoftLabelError(
                f"{int(lacking.sum())} of {len(times)} training examples have no soft label for "
                f"some view or draw, the first is {self.keys[at].hex()} with {times[at]} of "
                f"{most}. Run `kedro run --pipeline=capture` for the examples at hand."
            )

    def require(self, ids: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """Return where examples stand in the index.

        Raises:
            SoftLabelError: one is not there: the soft labels are of other examples.
        """
        at = np.searchsorted(self.ids, ids).clip(max=len(self.ids) - 1)
        foreign = self.ids[at] != ids
        if foreign.any():
            first = bytes(ids[foreign][0]).ljust(16, b"\0").hex()
            raise SoftLabelError(
                f"{np.unique(ids[foreign]).size} examples with soft labels are not among the "
                f"examples, the first is {first}. Run `kedro run --pipeline=capture` for the "
                "examples at hand."
            )
        return at
