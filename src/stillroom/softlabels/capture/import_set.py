"""Import of a set into the store, so that a fresh clone need not capture its rows again.

SoftLabelSet ──each shard, checked by hash──> store
"""

from collections.abc import Callable

from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.store.store import Store


def import_set(labels: SoftLabelSet, store: Store, tick: Callable[[int], None]) -> int:
    """Copy the shards of a set into the store; return how many are new there.

    A shard does not name its chunk, so its key in the store is its own hash. A later capture finds
    its rows one by one.

    Raises:
        SoftLabelError: a shard is missing or damaged; the store has those before it.
    """
    added = 0
    with store.in_use():
        for number, member in enumerate(labels.manifest.members):
            stored = store.of(member.capture, CODEC)
            names = {shard.name for shard in stored.shards().values()}
            for shard, _ in labels.tables(number):
                if shard.name not in names or stored.read(shard) is None:
                    content = labels.path(number, shard).read_bytes()
                    stored.commit(shard.sha256, content, shard.rows)
                    added += 1
                tick(shard.rows)
    return added
