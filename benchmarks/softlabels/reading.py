"""Reading: rows into tensors, from our columns and from nested lists of bytes of the same content.

The rival's layout is a list of lists of bytes, one inner list per position: ids packed in as many
bits as the vocabulary needs, values in half precision. It is read as its users do, through Python
lists, and, to be fair, also as an expert would, by flattening the Arrow arrays.
"""

import io
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from benchmarks.project import Figure
from benchmarks.softlabels.answers import Answered
from stillroom.softlabels.columns.distributions import Distributions
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.threshold import Threshold

WHOLE, BITS, TURNS = 262_144, 18, 7
SPARSIFIER = Threshold(entries=50.0, tau=0.0065, temperature=1.0)


def measure_reading(answers: Answered) -> list[Figure]:
    """Time both layouts in turn."""
    with TemporaryDirectory(prefix="stillroom-bench-", dir="build") as folder:
        labels = answers.labels(SPARSIFIER, WHOLE, Path(folder))
        shard, table = next(labels.tables(0))
        content = Decoded(table, labels.layout(0)).distributions(1.0)
        nested = _nested(content)
        ours, listed, flat = _timed(
            lambda: _ours(labels), lambda: _through_lists(nested), lambda: _flattened(nested)
        )
    positions = len(content)
    return [
        Figure(
            "rows into tensors, over nested lists of bytes of the same content "
            f"({ours / positions * 1e6:.1f} against {listed / positions * 1e6:.1f} µs a position; "
            f"flattened by hand {flat / positions * 1e6:.1f})",
            f"{listed / ours:.1f}x",
            ">= 10x",
            listed >= 10 * ours,
            {
                "ours_s": ours,
                "lists_s": listed,
                "flattened_s": flat,
                "positions": positions,
                "our_bytes": shard.bytes,
                "nested_bytes": len(nested),
            },
        )
    ]


def _timed(*readers: Callable[[], object]) -> list[float]:
    seconds: list[list[float]] = [[] for _ in readers]
    for _ in range(TURNS):
        for reader, spent in zip(readers, seconds, strict=True):
            started = time.perf_counter()
            reader()
            spent.append(time.perf_counter() - started)
    return [median(spent) for spent in seconds]


def _ours(labels: SoftLabelSet) -> tuple[torch.Tensor, ...]:
    """Read as the project's reader does, with hash, checksums and checks."""
    _, table = next(labels.tables(0))
    distributions = Decoded(table, labels.layout(0)).distributions(1.0)
    return tuple(
        map(torch.from_numpy, (distributions.owners, distributions.ids, distributions.weights))
    )


def _nested(content: Distributions) -> bytes:
    order = np.argsort(content.owners, kind="stable")
    counts = content.counts
    ids, values = content.ids[order], content.weights[order].astype(np.float16)
    inner = []
    for part, half in zip(
        np.split(ids, counts.cumsum()[:-1]), np.split(values, counts.cumsum()[:-1]), strict=True
    ):
        bits = (part[:, None] >> np.arange(BITS)) & 1
        packed = np.packbits(bits.astype(np.uint8).ravel())
        inner.append(np.concatenate([packed, half.view(np.uint8)]))
    sink = io.BytesIO()
    column = pa.array([inner], pa.list_(pa.list_(pa.uint8())))
    pq.write_table(pa.table({"compressed": column}), sink, compression="zstd")
    return sink.getvalue()


def _through_lists(content: bytes) -> list[tuple[torch.Tensor, torch.Tensor]]:
    rows = pq.read_table(io.BytesIO(content))["compressed"].to_pylist()
    return [_unpacked(np.array(one, dtype=np.uint8)) for row in rows for one in row]


def _flattened(content: bytes) -> list[tuple[torch.Tensor, torch.Tensor]]:
    column = pq.read_table(io.BytesIO(content))["compressed"].combine_chunks().flatten()
    values, bounds = np.asarray(column.values), np.asarray(column.offsets)
    return [_unpacked(values[a:b]) for a, b in pairwise(bounds)]


def _unpacked(one: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    count = int(len(one) * 8 / (BITS + 16))
    packed = -(-count * BITS // 8)
    bits = np.unpackbits(one[:packed])[: count * BITS].reshape(count, BITS)
    ids = bits.astype(np.int64) @ (1 << np.arange(BITS))
    return torch.from_numpy(ids), torch.from_numpy(one[packed:].view(np.float16).copy())
