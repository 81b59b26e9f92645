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
from stillroom.errors import DataError, SanityError
from stillroom.io.files import confined_paths
from stillroom.io.tables import TableFile
from stillroom.pipelines.ingest.nodes import check_data
from stillroom.pipelines.ingest.pipeline import create_pipeline
from stillroom.pipelines.teachers.pipeline import create_pipeline as teachers

# The child imports the package from the same folder as this process.
ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(stillroom.__file__).parents[1])}


def data(path):
    return a_data(path=path, validation=0.2, columns={"text": "text"})


def run(path):
    catalog = DataCatalog({"params:data": MemoryDataset(data(path))})
    stage = create_pipeline().only_nodes("ingest_examples")
    outputs = SequentialRunner().run(stage, catalog)
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


def checked(root, monkeypatch, lines, sanity):
    """Run the whole stage on a CSV file; return what `check_data` returns."""
    monkeypatch.setattr(confined_paths, "project_root", lambda: root)
    (root / "t.csv").write_text("\n".join(["text,label", *lines]))
    made = run("t.csv")
    examples = TableFile(made["examples"])
    return check_data(examples, made["encoder"], made["data_report"], data("t.csv"), sanity)


SOUND = [f"question {i} about {'cats' if i % 2 else 'dogs'},{'ab'[i % 2]}" for i in range(60)]
# One row of a class: the seed puts it into test.
LONE = [*SOUND, "nothing of the kind,c"]


def test_sound_data_have_no_alarm_and_a_table(tmp_path, monkeypatch, capsys):
    assert checked(tmp_path, monkeypatch, SOUND, "stop") == []
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Read       60 rows of 1 file at t.csv")
    assert any(line.split()[:2] == ["Class", "b"] for line in lines)


def test_an_alarm_stops_the_stage_after_the_table(tmp_path, monkeypatch, capsys):
    with pytest.raises(SanityError) as stopped:
        checked(tmp_path, monkeypatch, LONE, "stop")
    alarm, way = str(stopped.value).splitlines()
    assert alarm.startswith("Alarm: 1 of 3 classes has no labelled training row, but 0 and 1 in ")
    assert "evaluate.sanity=warn" in way
    printed = capsys.readouterr().out
    assert "Class c" in printed
    assert "Alarm" not in printed  # the error says it


def test_a_warning_is_printed_before_the_table_and_returned(tmp_path, monkeypatch, capsys):
    (alarm,) = checked(tmp_path, monkeypatch, LONE, "warn")
    assert alarm["code"] == "class_without_training_rows"
    printed = capsys.readouterr().out
    assert printed.startswith("Alarm: 1 of 3 classes has no labelled training row")
    assert printed.count("Alarm") == 1


def test_teachers_cannot_be_trained_before_the_data_are_checked():
    (train,) = [node for node in teachers().nodes if node.name == "train_teachers"]
    assert "data_alarms" in train.inputs


def test_listing_the_pipeline_imports_neither_polars_nor_numpy():
    code = (
        "import sys; from stillroom.pipelines.ingest.pipeline import create_pipeline;"
        "create_pipeline(); sys.exit(sum(n in sys.modules for n in ('polars', 'numpy', 'torch')))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=False).returncode == 0
    )
