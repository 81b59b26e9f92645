"""The stage as Kedro runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner
from support.examples.data_config import a_data

import stillroom
from stillroom.data.encoders import read_encoder
from stillroom.errors import DataError
from stillroom.io.files import confined_paths
from stillroom.io.tables import TableFile
from stillroom.pipelines.ingest.pipeline import create_pipeline

# The child imports the package from the same folder as this process.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(stillroom.__file__).parents[1])}


def data(path):
    return a_data(path=path, validation=0.2, columns={"text": "text"})


def run(path):
    catalog = DataCatalog({"params:data": MemoryDataset(data(path))})
    outputs = SequentialRunner().run(create_pipeline(), catalog)
    return {name: dataset.load() for name, dataset in outputs.items()}


def test_the_stage_gives_examples_an_encoder_and_a_report(tmp_path, monkeypatch):
    monkeypatch.setattr(confined_paths, "project_root", lambda: tmp_path)
    lines = [f"question {i},{'ab'[i % 2]}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["text,label", *lines]))
    outputs = run("t.csv")
    assert set(outputs) == {"examples", "encoder", "data_report"}
    assert TableFile(outputs["examples"]).read().height == 40
    assert read_encoder(outputs["encoder"]).classes == ("a", "b")
    assert sum(outputs["data_report"]["examples"].values()) == 40


def test_a_missing_source_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(confined_paths, "project_root", lambda: tmp_path)
    with pytest.raises(DataError, match=r"data\.path nowhere\.csv does not exist"):
        run("nowhere.csv")


def test_listing_the_pipeline_imports_neither_polars_nor_numpy():
    code = (
        "import sys; from stillroom.pipelines.ingest.pipeline import create_pipeline;"
        "create_pipeline(); sys.exit(sum(n in sys.modules for n in ('polars', 'numpy', 'torch')))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=False).returncode == 0
    )
