"""Live bytes: a computation in, the bytes of its tensors after each operation out.

    operation ──new storages──> + bytes;  storage freed ──> - bytes;  one number for each operation

Two runs with different numbers of rows have the same operations. So the bytes of any number of rows
follow operation by operation, and their peak with them.
"""

from collections.abc import Iterable
from typing import Any
from weakref import finalize

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

Bytes = NDArray[np.int64]


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of all tensors that are made in its context, and still live.

    An operation on the counted tensors and one of the backward pass count alike.
    """

    def __init__(self, known: Iterable[Tensor]) -> None:
        """Leave out `known` tensors, such as the weights."""
        super().__init__()
        self._after: list[int] = []
        self._live = 0
        self._known = {one.untyped_storage()._cdata for one in known}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, and count what it made."""
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor):
                self._count(leaf.untyped_storage())
        self._after.append(self._live)
        return result

    @property
    def after_each(self) -> Bytes:
        """The bytes after each operation so far."""
        return np.array(self._after, dtype=np.int64)

    def _count(self, storage: torch.UntypedStorage) -> None:
        number, size = storage._cdata, storage.nbytes()
        if number in self._known:
            return
        self._known.add(number)
        self._live += size
        finalize(storage, self._free, number, size)

    def _free(self, number: int, size: int) -> None:
        self._known.discard(number)
        self._live -= size


def peak_of_rows(few: Bytes, more: Bytes, at: tuple[int, int], rows: int) -> int:
    """Return the peak for a number of rows.

    Args:
        few, more: the bytes after each operation of two runs.
        at: the rows of these runs.
        rows: the rows that the peak is wanted for.
    """
    share = (rows - at[0]) / (at[1] - at[0])
    if len(few) != len(more):  # the operations depend on the rows, as those of one-piece rows do
        few, more = few.max(keepdims=True), more.max(keepdims=True)
    return int((few + share * (more - few)).max())
