"""Cases of a transcode: what a rich capture can serve, and the teacher's own shards to compare."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from support.softlabels import linear_teachers
from support.softlabels.linear_teachers import Linear, MemoryInputs, capture_inputs, token_inputs

from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store

TOPK = TopK(k=3, temperatures=(1.0, 4.0))

SMALLER = TopK(k=2, temperatures=(1.0, 4.0))

POORER: list[Sparsifier] = [
    SMALLER,
    Sample(samples=5, temperature=2.0),
    Threshold(entries=2.0, tau=0.1, temperature=1.0),
    FixedThreshold(k=2, temperature=4.0),
]

poorer = pytest.mark.parametrize("poor", POORER, ids=lambda kind: kind.kind)

each_kind_of_rows = pytest.mark.parametrize(
    "rows", [capture_inputs(), token_inputs()], ids=["classes", "tokens"]
)


def fill(member: Linear, store: Store, inputs: MemoryInputs, shard_rows: int = 64) -> list[Shard]:
    return linear_teachers.fill(member, store, inputs, shard_rows)


def captured_directly(member: Linear, inputs: MemoryInputs) -> list[Shard]:
    """Return the teacher's own shards; it runs on every input."""
    with TemporaryDirectory() as folder:
        return fill(replace(member, seen=[]), Store(Path(folder)), inputs)


def after(rich: Linear, store: Store, inputs: MemoryInputs, poor: Sparsifier) -> Linear:
    """Make the rich capture; return the poorer capture's teacher, which has not run yet."""
    fill(rich, store, inputs)
    rich.seen.clear()
    return rich.keeping(poor)
