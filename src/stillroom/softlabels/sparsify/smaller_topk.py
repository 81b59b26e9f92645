"""Smaller top-k: the rows of a larger top-k in, the entries of a smaller one out."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.softlabels.columns.list_columns import flat
from stillroom.softlabels.sparsify.entries import TopKEntries


def smaller_topk(table: pa.Table, k: int, columns: Sequence[int], width: int) -> TopKEntries:
    """Return the k largest entries of each position, as a capture with this k would.

    Args:
        table: rows of the larger top-k.
        k: the number of entries of the smaller one, at most.
        columns: for each temperature of the smaller one, its number among those of the larger.
        width: how many temperatures the larger one has.
    """
    log_z = flat(table, "log_z").values.reshape(-1, width)[:, list(columns)]
    owners, ids, logits = _coordinates(table)
    chosen = _largest(owners, ids, logits, k)
    return TopKEntries(
        counts=np.bincount(owners[chosen], minlength=len(log_z)),
        ids=ids[chosen].astype(np.uint32),
        logits=logits[chosen],
        log_z=log_z.astype(np.float32),
        entropy=flat(table, "entropy").values.astype(np.float32),
        log_p_label=flat(table, "log_p_label").values.astype(np.float32),
    )


def _coordinates(
    table: pa.Table,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return owner, id and logit of each entry; an owner is a position, counted over all rows."""
    ids, places = flat(table, "ids"), flat(table, "positions")
    rows = np.repeat(np.arange(len(ids.bounds) - 1), ids.lengths)
    owners = places.values.astype(np.int64) + flat(table, "entropy").bounds[rows]
    return owners, ids.values.astype(np.int64), flat(table, "logits").values.astype(np.float32)


def _largest(
    owners: NDArray[np.int64], ids: NDArray[np.int64], logits: NDArray[np.float32], k: int
) -> NDArray[np.int64]:
    """Return the k largest entries of each owner, by owner and ascending id."""
    order = np.lexsort((ids, -logits, owners))
    counts = np.bincount(owners)
    starts = np.cumsum(counts) - counts
    rank = np.arange(len(order)) - starts[owners[order]]
    kept = np.zeros(len(order), dtype=bool)
    kept[order[rank < k]] = True
    by_id = np.lexsort((ids, owners))
    return np.asarray(by_id[kept[by_id]])
