"""Adopt: a set on disk in, its rows in the store out, so that a fresh clone need not ask again.

SoftLabelSet ──each shard, checked by hash──> store
"""

from collections.abc import Callable

from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.store.store import Store


def adopt(labels: SoftLabelSet, store: Store, tick: Callable[[int], None]) -> int:
    """Keep the set's shards in the store; return how many were not there yet.

    Which block a shard answers is not written in it, so it is kept under its own hash; its rows
    are found one by one.

    Raises:
        SoftLabelError: a shard is missing or damaged; those before it have been kept.
    """
    added = 0
    with store.in_use():
        for number, member in enumerate(labels.manifest.members):
            kept = store.of(member.capture, CODEC)
            held = {shard.name for shard in kept.shards().values()}
            for shard, _ in labels.tables(number):
                if shard.name not in held or kept.read(shard) is None:
                    content = labels.path(number, shard).read_bytes()
                    kept.commit(shard.sha256, content, shard.rows)
                    added += 1
                tick(shard.rows)
    return added
