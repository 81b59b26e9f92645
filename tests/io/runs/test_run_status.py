"""Run status: the events of a stage replace its old events and keep those of other stages."""

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kedro.pipeline import node as kedro_node
from kedro.pipeline.node import Node

from stillroom.io.runs import run_status
from stillroom.io.runs.run_status import EVENTS, RunStatus, write_merged


def node(name: str, duration: float) -> dict[str, object]:
    return {"event": "after_node_run", "node": name, "node_id": name, "duration": duration}


def read(path: Path) -> list[dict[str, object]]:
    return json.loads(path.read_text())


def test_the_second_stage_keeps_what_the_first_wrote(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    write_merged(path, [node("ingest", 1.0)])
    write_merged(path, [node("capture", 2.0)])
    write_merged(path, [node("ingest", 3.0)])
    events = read(path)
    assert [event["event"] for event in (events[0], events[-1])] == [
        "before_pipeline_run",
        "after_pipeline_run",
    ]
    durations = {event["node"]: event["duration"] for event in events[1:-1]}
    assert durations == {"capture": 2.0, "ingest": 3.0}


def test_a_failure_is_replaced_by_the_next_success(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    write_merged(path, [{"event": "on_node_error", "node": "a", "node_id": "a", "error": "x"}])
    write_merged(path, [node("a", 1.0)])
    assert [event["event"] for event in read(path)[1:-1]] == ["after_node_run"]


def test_an_unreadable_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text("[{")
    write_merged(path, [node("a", 1.0)])
    assert len(read(path)) == 3


@pytest.fixture
def status(project: Path, monkeypatch: pytest.MonkeyPatch) -> RunStatus:
    """Return hooks whose clock shows 10 s and then 12.5 s, with given ids."""
    monkeypatch.chdir(project)
    sizes = {"students": 402_133}
    ids = SimpleNamespace(
        hash_node=lambda thing: f"id of {getattr(thing, 'name', thing)}",
        compute_size=lambda name, catalog: catalog[name],
    )
    clock = iter([10.0, 12.5])
    monkeypatch.setattr(run_status, "_ids", lambda: ids)
    monkeypatch.setattr(run_status, "perf_counter", lambda: next(clock))
    hooks = RunStatus()
    hooks.after_catalog_created(sizes)
    return hooks


def a_node() -> Node:
    return kedro_node(lambda soft_labels: None, "soft_labels", "students", name="train")


def written(project: Path) -> list[dict[str, Any]]:
    events = read(project / EVENTS)
    assert [events[0]["event"], events[-1]["event"]] == [
        "before_pipeline_run",
        "after_pipeline_run",
    ]
    return events[1:-1]


def test_the_hooks_record_a_node_and_its_saved_datasets(status: RunStatus, project: Path) -> None:
    status.before_node_run(a_node())
    status.after_node_run(a_node())
    status.after_dataset_saved("students")
    assert not (project / EVENTS).exists()
    status.after_pipeline_run()
    assert written(project) == [
        {
            "event": "after_node_run",
            "node": "train",
            "node_id": "id of train",
            "duration": 2.5,
            "status": "success",
        },
        {
            "event": "after_dataset_saved",
            "dataset": "students",
            "node_id": "id of students",
            "status": "Available",
            "size": 402_133,
        },
    ]


def test_a_loaded_dataset_is_recorded_as_loaded(status: RunStatus, project: Path) -> None:
    status.after_dataset_loaded("students")
    status.after_pipeline_run()
    (event,) = written(project)
    assert (event["event"], event["dataset"]) == ("after_dataset_loaded", "students")


def test_a_failed_node_is_written_although_the_run_stops(status: RunStatus, project: Path) -> None:
    status.before_node_run(a_node())
    status.on_node_error(ValueError("no row is left"), a_node())
    status.on_pipeline_error()
    (event,) = written(project)
    assert (event["event"], event["node_id"]) == ("on_node_error", "id of train")
    assert event["error"] == "no row is left"


def test_a_status_that_cannot_be_written_does_not_hide_the_error_of_the_run(
    status: RunStatus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, events: object) -> None:
        raise OSError("no space is left")

    monkeypatch.setattr(run_status, "write_merged", full)
    with caplog.at_level(logging.WARNING):
        status.on_pipeline_error()
    assert "no space is left" in caplog.text
    with pytest.raises(OSError, match="no space"):
        status.after_pipeline_run()


def test_without_kedro_viz_nothing_is_recorded_or_written(
    status: RunStatus, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_status, "_ids", lambda: None)
    status.before_node_run(a_node())
    status.after_node_run(a_node())
    status.after_dataset_saved("students")
    status.on_node_error(ValueError("x"), a_node())
    status.after_pipeline_run()
    assert status.events == []
    assert not (project / EVENTS).exists()
