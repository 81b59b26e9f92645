"""Captures for tests to compare: every sparsifier, and the shards of one run on an empty store."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.softlabels.linear_teachers import SHARD_ROWS, Linear, MemoryInputs, fill, linear

from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import CaptureStore, Store

TOPK = TopK(k=2, temperatures=(1.0, 4.0))
KINDS: list[Sparsifier] = [
    Full(),
    TOPK,
    Sample(samples=5, temperature=1.0),
    Threshold(entries=2.0, tau=0.1, temperature=1.0),
    FixedThreshold(k=2, temperature=1.0),
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
truncated = pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)


def folder_of(member: Linear, store: Store) -> CaptureStore:
    return store.of(member.capture, CODEC)


def from_scratch(kind: Sparsifier, inputs: MemoryInputs, rows: int = SHARD_ROWS) -> list[Shard]:
    with TemporaryDirectory() as folder:
        return fill(linear(1, kind), Store(Path(folder)), inputs, rows)
