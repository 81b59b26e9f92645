"""Example index: the table of examples in, the position and the file of each key out.

examples ──keys, splits, labels──> ExampleIndex ──require(ids)──> positions, or the unknown key
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.ingest.splits import TRAIN
from stillroom.errors import SoftLabelError
from stillroom.io.tables import TableFile
from stillroom.no_label import NO_LABEL


@dataclass(frozen=True, slots=True)
class ExampleIndex:
    """The position of each example, by its key.

    Attributes:
        ids: [N], the keys, sorted, 16 bytes each.
        files: [N], the number of the file that holds the example.
        train: [N], whether the example belongs to the training split.
        labels: [N], -1 where the example has no label.
    """

    ids: NDArray[np.bytes_]
    files: NDArray[np.int64]
    train: NDArray[np.bool_]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, examples: TableFile) -> "ExampleIndex":
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
            frame["label"].fill_null(NO_LABEL).to_numpy().astype(np.int64)[order],
        )

    @property
    def keys(self) -> list[bytes]:
        """The keys at full length: numpy drops zero bytes at their end."""
        return [key.ljust(16, b"\0") for key in self.ids.tolist()]

    def only(self, kept: NDArray[np.bool_]) -> "ExampleIndex":
        """Return the index of the examples where `kept`, [N], holds."""
        return ExampleIndex(self.ids[kept], self.files[kept], self.train[kept], self.labels[kept])

    def require_equal(self, times: NDArray[np.int64]) -> None:
        """Refuse soft labels that lack a view or draw of some example.

        Args:
            times: [N], how many soft labels each example has.

        Raises:
            SoftLabelError: names the first example that has fewer than others.
        """
        most = times.max(initial=1)
        lacking = times < most
        if lacking.any():
            at = int(lacking.argmax())
            raise SoftLabelError(
                f"{int(lacking.sum())} of {len(times)} training examples have no soft label for "
                f"some view or draw. The first is {self.keys[at].hex()} with {times[at]} of "
                f"{most}. Run `kedro run --pipeline=capture` to capture the missing ones."
            )

    def require(self, ids: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """Return the positions of examples in the index.

        Raises:
            SoftLabelError: a key is not in the index: the soft labels belong to other examples.
        """
        at = np.searchsorted(self.ids, ids).clip(max=len(self.ids) - 1)
        foreign = self.ids[at] != ids
        if foreign.any():
            first = bytes(ids[foreign][0]).ljust(16, b"\0").hex()
            raise SoftLabelError(
                f"{np.unique(ids[foreign]).size} examples with soft labels are not among the "
                f"examples. The first is {first}. Run `kedro run --pipeline=capture` to capture "
                "soft labels for these examples."
            )
        return at
