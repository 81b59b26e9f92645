"""Fuzzing: damaged files of five formats are read or refused; nothing crashes and nothing hangs."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.hostile.fuzzing.fuzz import fuzz
from support.hostile.fuzzing.fuzz_targets import TARGETS

FULL = 300  # seconds of each format in `make hostile`


@pytest.mark.hostile
@pytest.mark.parametrize("name", TARGETS)
def test_damaged_files_are_read_or_refused(
    name: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    fuzzed = fuzz(name, tmp_path, FULL, seed=0)
    record_property("summary", f"{name}: {dict(fuzzed.counts)}")
    assert fuzzed.faults == []
    assert fuzzed.counts["refused"] > 0


def test_a_short_run_refuses_damaged_tables(tmp_path: Path) -> None:
    fuzzed = fuzz("parquet", tmp_path, 8, seed=1)
    assert fuzzed.faults == []
    assert fuzzed.counts["refused"] >= 20
