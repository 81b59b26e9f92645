"""Shared by all tests: settings, and a small project with a copy of this one's configuration."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: the first example of a property pays for imports, and two cores are shared. CI and a
# second run see the same examples.
settings.register_profile("stillroom", deadline=None, derandomize=True)
settings.load_profile("stillroom")

ROOT = Path(__file__).resolve().parents[1]

# They start first, so that none of them is left for the end, when the other process is idle.
LONGEST = (
    "test_dvc.py",
    "training/fit/test_fit_model.py",
    "test_distill.py",
    "training/fit/test_checkpoint_callback.py",
    "training/process/test_launch.py",
    "training/data/test_dataset_factory_streaming.py",
    "training/data/test_batch_loader.py",
    "faults/test_failing_calls.py",
    "faults/test_kills.py",
)

# For the processes that tests start; pytest's own setting affects only this process.
os.environ["PYTHONPATH"] = str(ROOT / "src")

# Two of pytest's processes share two cores and compute little: torch's threads would wait for each
# other for a quarter of the whole time. torch reads this when it is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; the order within a file stays."""
    place = {ROOT / "tests" / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project folder with this one's configuration and code, without data."""
    for name in ("conf", "src"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("params.yaml", "pyproject.toml", ".telemetry"):
        shutil.copy(ROOT / name, tmp_path / name)
    for folder in ("data/01_raw", "data/03_teachers/given"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path
