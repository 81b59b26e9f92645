"""Writers: several processes that fill one store at a time, round after round.

    python store_writers.py FOLDER ROUNDS ──> FOLDER/<round>/store, FOLDER/<round>/<writer>.json

One process imports what is needed and forks the writers, which wait until all are ready.
"""

import json
import os
import sys
from pathlib import Path

from support.softlabels.linear_teachers import MemoryInputs, capture_inputs, fill, linear

from stillroom.softlabels.format.manifest import MANIFEST
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store.store import Store

WRITERS = 4
ROWS = 60
SHARD_ROWS = 4
KIND = TopK(k=2, temperatures=(1.0,))


def inputs_of(writer: int, number: int) -> MemoryInputs:
    """Return a writer's inputs: the same for all in every third round, overlapping in others."""
    if number % 3 == 0:
        return capture_inputs(ROWS)
    start = writer * 10
    return capture_inputs(ROWS).take(range(start, start + 30))


def is_damaged_before(number: int) -> bool:
    """Return whether a shard of the round's store is damaged before the writers start."""
    return number % 5 == 4


def run_round(folder: Path, number: int) -> None:
    """Let the writers fill the round's store at the same time."""
    folder.mkdir(parents=True)
    store = Store(folder / "store")
    if is_damaged_before(number):
        member = linear(1, KIND)
        first, *_ = fill(member, store, capture_inputs(ROWS), SHARD_ROWS)
        store.of(member.capture, CODEC).path(first).write_bytes(b"rotten")
    wait, begin = os.pipe()
    children = []
    for writer in range(WRITERS):
        child = os.fork()
        if child == 0:
            _write(store, folder, writer, number, wait, begin)
        children.append(child)
    os.close(wait)
    os.close(begin)  # ends the writers' reads
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    (folder / "codes.json").write_text(json.dumps(codes))


def _write(store: Store, folder: Path, writer: int, number: int, wait: int, begin: int) -> None:
    code = 1
    try:
        member = linear(1, KIND)
        mine = inputs_of(writer, number)
        os.close(begin)
        os.read(wait, 1)
        shards = fill(member, store, mine, SHARD_ROWS)
        result = {"shards": [shard.name for shard in shards], "captured": len(member.seen)}
        (folder / f"{writer}.json").write_text(json.dumps(result))
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    # A fork must find neither half-imported modules nor running threads.
    import torch

    torch.set_num_threads(1)
    warm = Store(Path(sys.argv[1]) / "warm")
    fill(linear(1, KIND), warm, capture_inputs(ROWS), SHARD_ROWS)
    assert next(iter(warm.captures()))[0].joinpath(MANIFEST).exists()
    for at in range(int(sys.argv[2])):
        run_round(Path(sys.argv[1]) / str(at), at)
