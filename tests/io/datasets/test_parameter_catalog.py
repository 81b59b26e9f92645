"""The catalog of a run holds parameters as Kedro's own does, and imports no heavy package."""

import subprocess
import sys
from pathlib import Path

import polars as pl
from kedro.framework.context import CatalogCommandsMixin
from kedro.io import MemoryDataset

from stillroom.io.datasets.parameter_catalog import ParameterCatalog
from stillroom.settings import DATA_CATALOG_CLASS

HEAVY = ("pandas", "torch", "lightning", "transformers", "matplotlib", "sklearn")

# A run whose runner runs no node, so that what Kedro and the project import is all there is.
IDLE = f"""
import sys
from pathlib import Path
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.runner import SequentialRunner


class Idle(SequentialRunner):
    def run(self, pipeline, catalog, *args, **kwargs):
        assert catalog.load("params:student.epochs") == catalog.load("parameters")["student"].epochs
        return {{}}


bootstrap_project(Path.cwd())
with KedroSession.create(project_path=Path.cwd()) as session:
    session.run(runner=Idle())
print("IMPORTED", *[name for name in {HEAVY!r} if name in sys.modules])
"""


def test_a_change_of_a_loaded_parameter_does_not_reach_the_next_load() -> None:
    given = {"temperatures": [1.0, 4.0]}
    catalog = ParameterCatalog()
    catalog["params:softlabels"] = given
    given["temperatures"].append(8.0)
    catalog.load("params:softlabels")["temperatures"].append(16.0)
    assert catalog.load("params:softlabels") == {"temperatures": [1.0, 4.0]}


def test_other_values_and_datasets_are_added_as_in_kedro() -> None:
    catalog = ParameterCatalog()
    frame, dataset = pl.DataFrame({"a": [1]}), MemoryDataset(3)
    catalog["frame"] = frame
    catalog["params:given"] = dataset
    assert catalog.load("frame") is frame
    assert catalog["params:given"] is dataset


def test_the_commands_of_kedro_catalog_find_what_they_call() -> None:
    assert issubclass(DATA_CATALOG_CLASS, CatalogCommandsMixin)


def test_a_run_imports_no_heavy_package_before_its_first_node(project: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IDLE], cwd=project, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split("IMPORTED")[-1].split() == []
