"""Four writers on one store at the same time lose no row and write none twice."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.faults import store_writers as writers
from support.faults.fork_server import ENVIRONMENT, ROOT
from support.softlabels.linear_teachers import capture_inputs, fill, linear

from stillroom.io.files.hashing import sha256_bytes
from stillroom.softlabels.format.manifest import MANIFEST, SHARDS
from stillroom.softlabels.store.store import Store


@pytest.mark.parametrize("rounds", [5, pytest.param(50, marks=pytest.mark.faults)])
def test_four_writers_lose_no_row_and_write_none_twice(
    rounds: int, tmp_path: Path, add_to_summary: Callable[[str], None]
) -> None:
    search = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    subprocess.run(
        [sys.executable, writers.__file__, str(tmp_path / "rounds"), str(rounds)],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": search},
        check=True,
        timeout=600,
    )
    shards = captured = distinct = 0
    for number in range(rounds):
        folder = tmp_path / "rounds" / str(number)
        assert json.loads((folder / "codes.json").read_text()) == [0] * writers.WRITERS
        ((place, kept),) = Store(folder / "store").captures()
        named = {shard.name for shard in kept.shards.values()}
        present = {path.name for path in (place / SHARDS).iterdir()}
        assert present == named, "files that nothing names, or names without a file"
        assert {p.name for p in place.iterdir()} == {MANIFEST, SHARDS, "lock"}
        for shard in kept.shards.values():
            assert sha256_bytes((place / SHARDS / shard.name).read_bytes()) == shard.sha256
        wanted: set[str] = set()
        for writer in range(writers.WRITERS):
            result = json.loads((folder / f"{writer}.json").read_text())
            assert result["shards"] == alone(writer, number, tmp_path)
            wanted |= set(result["shards"])
            captured += result["captured"]
        if writers.is_damaged_before(number):
            whole = alone(0, 0, tmp_path)
            captured += writers.ROWS
            wanted |= set(whole)
        assert named == wanted
        assert len(kept.shards) == len(named)
        shards += len(named)
        distinct += writers.ROWS
    add_to_summary(
        f"{rounds} rounds of {writers.WRITERS} writers: {shards} shards committed, 0 lost, 0 "
        f"doubled; {distinct} distinct rows, captured {captured} times in all"
    )


def alone(writer: int, number: int, folder: Path) -> list[str]:
    """Return the shards that a writer makes on a store of its own."""
    same = number % 3 == 0
    store = Store(folder / ("same" if same else f"alone {writer}"))
    inputs = capture_inputs(writers.ROWS) if same else writers.inputs_of(writer, number)
    made = fill(linear(1, writers.KIND), store, inputs, writers.SHARD_ROWS)
    return [shard.name for shard in made]
