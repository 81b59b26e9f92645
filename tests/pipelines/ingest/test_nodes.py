"""The stage as Kedro runs it."""

import json
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
from stillroom.io.datasets.json_document import Document
from stillroom.io.datasets.parquet_table import PartedTable
from stillroom.io.datasets.published_folder import Folder
from stillroom.io.files import confined_paths
from stillroom.io.tables import TableFile
from stillroom.pipelines.capture.pipeline import create_pipeline as capture
from stillroom.pipelines.ingest.nodes import check_data, stop_at_data_alarms
from stillroom.pipelines.ingest.pipeline import create_pipeline
from stillroom.pipelines.teachers.pipeline import create_pipeline as teachers
from stillroom.pipelines.train.pipeline import create_pipeline as train

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
    """Ingest a CSV file; return what `check_data` returns."""
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
    known = checked(tmp_path, monkeypatch, LONE, "stop")
    with pytest.raises(SanityError) as stopped:
        stop_at_data_alarms(known, "stop")
    alarm, way = str(stopped.value).splitlines()
    assert alarm.startswith("Alarm: 1 of 3 classes has no labelled training row, but 0 and 1 in ")
    assert "evaluate.sanity=warn" in way
    printed = capsys.readouterr().out
    assert "Class c" in printed
    assert "Alarm" not in printed  # the error says it


def whole_stage(root, lines, sanity):
    """Run the stage on a CSV file, as `kedro run --pipeline=ingest` does."""
    (root / "t.csv").write_text("\n".join(["text,label", *lines]))
    catalog = {
        "params:data": MemoryDataset(data("t.csv")),
        "params:evaluate.sanity": MemoryDataset(sanity),
        "examples": PartedTable(str(root / "examples")),
        "encoder": Folder(str(root / "encoder")),
        "data_alarms": Document(str(root / "data_alarms.json")),
    }
    SequentialRunner().run(create_pipeline(), DataCatalog(catalog))


def test_a_stop_leaves_its_alarms_and_not_those_of_the_run_before(tmp_path, monkeypatch):
    monkeypatch.setattr(confined_paths, "project_root", lambda: tmp_path)

    def codes():
        return [one["code"] for one in json.loads((tmp_path / "data_alarms.json").read_text())]

    whole_stage(tmp_path, SOUND, "stop")
    assert codes() == []
    with pytest.raises(SanityError, match="1 of 3 classes has no labelled training row"):
        whole_stage(tmp_path, LONE, "stop")
    assert codes() == ["class_without_training_rows"]
    whole_stage(tmp_path, LONE, "warn")
    assert codes() == ["class_without_training_rows"]
    whole_stage(tmp_path, SOUND, "stop")
    assert codes() == []


def test_a_warning_is_printed_before_the_table_and_returned(tmp_path, monkeypatch, capsys):
    (alarm,) = checked(tmp_path, monkeypatch, LONE, "warn")
    assert alarm["code"] == "class_without_training_rows"
    printed = capsys.readouterr().out
    assert printed.startswith("Alarm: 1 of 3 classes has no labelled training row")
    assert printed.count("Alarm") == 1


@pytest.mark.parametrize(
    ("stage", "spends"),
    [(teachers, "train_teachers"), (capture, "check_teachers"), (train, "train_students")],
)
def test_all_that_spends_sees_the_alarms_about_the_data_and_whether_to_stop(stage, spends):
    (one,) = [node for node in stage().nodes if node.name == spends]
    assert {"data_alarms", "params:evaluate.sanity"} <= set(one.inputs)


def test_listing_the_pipeline_imports_neither_polars_nor_numpy():
    code = (
        "import sys; from stillroom.pipelines.ingest.pipeline import create_pipeline;"
        "create_pipeline(); sys.exit(sum(n in sys.modules for n in ('polars', 'numpy', 'torch')))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], env=ENVIRONMENT, check=False).returncode == 0
    )
