"""The stage as Kedro runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from kedro.io import DataCatalog, MemoryDataset
from kedro.runner import SequentialRunner

import stillroom
from stillroom.config.schema import Columns, Data
from stillroom.data.encoders import Encoder
from stillroom.errors import DataError
from stillroom.io import paths
from stillroom.pipelines.ingest.pipeline import create_pipeline

# The child finds the package where this process found it.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(stillroom.__file__).parents[1])}


def data(path):
    return Data(
        source="table",
        path=path,
        seed=0,
        validation=0.2,
        test=0.2,
        label_fraction=1.0,
        unlabelled="refuse",
        conflicts="majority",
        classes=None,
        columns=Columns(label="label", split=None, image=None, text="text", features=[]),
    )


def run(path):
    catalog = DataCatalog({"params:data": MemoryDataset(data(path))})
    outputs = SequentialRunner().run(create_pipeline(), catalog)
    return {name: dataset.load() for name, dataset in outputs.items()}


def test_the_stage_gives_examples_an_encoder_and_a_report(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "project_root", lambda: tmp_path)
    lines = [f"question {i},{'ab'[i % 2]}" for i in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["text,label", *lines]))
    outputs = run("t.csv")
    assert set(outputs) == {"examples", "encoder", "data_report"}
    assert isinstance(outputs["examples"], pl.DataFrame)
    assert Encoder.from_json(json.loads(json.dumps(outputs["encoder"]))).classes == ("a", "b")
    assert sum(outputs["data_report"]["examples"].values()) == 40


def test_a_missing_source_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "project_root", lambda: tmp_path)
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
