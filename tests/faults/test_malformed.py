"""A hundred hostile manifests and shards: a named error, bounded memory, no crash, no hang."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from support.faults import set_reader as reader
from support.faults.fork_server import ENVIRONMENT, ROOT
from support.faults.hostile_manifests import manifests
from support.faults.hostile_shards import shards
from support.softlabels.linear_teachers import capture

from stillroom.softlabels.format.manifest import MANIFEST
from stillroom.softlabels.format.shard import MOST_BYTES

# A shard may unpack to MOST_BYTES; parsing holds a page and a copy beside it.
MOST_GROWTH = MOST_BYTES + (512 << 20)


@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.faults)])
def test_a_hostile_manifest_or_shard_is_a_named_error_in_bounded_memory(
    every: int, tmp_path: Path, add_to_summary: Callable[[str], None]
) -> None:
    made = capture(tmp_path / "set", 1, reader.KIND)
    cases = [*manifests(made), *shards(made)][::-every]
    for number, (name, make) in enumerate(cases):
        kind = reader.STORE if name.startswith(reader.STORE) else "set"
        folder = tmp_path / "cases" / f"{kind} {number:03d}"
        folder.mkdir(parents=True)
        make(folder)
        (folder / "name").write_text(name)
    search = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests")])
    subprocess.run(
        [sys.executable, reader.__file__, str(tmp_path / "cases")],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": search},
        check=True,
        timeout=900,
    )
    outcomes: Counter[str] = Counter()
    wrong, most = [], 0
    for folder in sorted((tmp_path / "cases").iterdir()):
        name, outcome = (
            (folder / "name").read_text(),
            json.loads((folder / "outcome.json").read_text()),
        )
        message, grown = outcome["message"], outcome["grown"]
        most = max(most, grown)
        present = [path.name for path in folder.rglob("*") if path.is_file()]
        is_named = any(file in message for file in [MANIFEST, folder.name, *present])
        if outcome["error"] == "none" and "flipped" in name:
            outcomes["of equal content"] += 1  # verified against the teacher, to the last row
        elif outcome["error"] != "SoftLabelError" or not is_named or len(message) > 2000:
            wrong.append(f"{name}: {outcome['error']}: {message[:200]} ({len(message)})")
        else:
            outcomes["refused by name"] += 1
        if grown > MOST_GROWTH:
            wrong.append(f"{name}: took {grown >> 20:,} MB more")
    assert wrong == []
    counts = ", ".join(f"{count} {name}" for name, count in outcomes.items())
    add_to_summary(
        f"{len(cases)} hostile manifests and shards: {counts}; at most {most >> 20:,} MB more "
        f"(a shard may unpack to {MOST_BYTES >> 20:,} MB), 0 crashes"
    )
