"""The front door of soft labels: what it imports, and what that costs."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from support.softlabels.linear_teachers import capture

from stillroom import softlabels

BASE = "import numpy, pyarrow, polars, pydantic"
IMPORT = "import stillroom.softlabels"
READ = (
    "from stillroom import softlabels\n"
    "labels = softlabels.open({folder!r})\n"
    "ids = labels.table()['example_id'].to_list()\n"
    "assert labels.read(ids, 4.0).probabilities().shape == (len(labels), labels.classes)\n"
)
PROJECT = ("torch", "kedro", "hydra", "omegaconf", "dvc", "scipy", "pandas", "yaml", "rich")
RUNS = 7


def python(code: str) -> str:
    """Run some code in an interpreter of its own and return what it printed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=kept
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def user_seconds(code: str) -> float:
    """Return the user CPU time of an interpreter that runs some code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    python(code)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def test_reading_a_set_imports_nothing_of_the_extra(tmp_path: Path) -> None:
    code = READ.format(folder=str(capture(tmp_path / "set", 1).folder))
    assert python(f"{code}import sys\nprint(*({set(PROJECT)} & set(sys.modules)))").split() == []


def test_the_import_costs_at_most_1_3_times_that_of_the_packages_it_needs(tmp_path: Path) -> None:
    read = READ.format(folder=str(capture(tmp_path / "set", 1).folder))
    runs = [[user_seconds(code) for code in (BASE, IMPORT, read)] for _ in range(RUNS)]
    # Other programs on the machine only ever add to a time.
    base, imported, used = (min(times) for times in zip(*runs, strict=True))
    assert imported <= 1.3 * base, f"{imported:.3f} s of user time, {base:.3f} s for the packages"
    # What the import defers comes with the first use. Without a bound, it could grow unseen.
    assert used <= 2 * base, f"{used:.3f} s of user time, {base:.3f} s for the packages"


@pytest.mark.faults
def test_a_program_that_ends_right_after_reading_ends_well(tmp_path: Path) -> None:
    # Arrow's threads may release a shard's bytes when Python has begun to end: 3 of 100 aborted.
    code = READ.format(folder=str(capture(tmp_path / "set", 1).folder))
    for _ in range(150):
        python(code)


def test_names_are_those_of_the_module_and_no_others() -> None:
    for name in softlabels.__all__:
        assert getattr(softlabels, name).__module__ == "stillroom.softlabels.open_set"
    with pytest.raises(AttributeError, match="no attribute 'shut'"):
        _ = softlabels.shut
