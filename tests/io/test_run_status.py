"""Run status: a stage's events replace its own and leave the other stages' alone."""

import json
from pathlib import Path

from stillroom.io.run_status import write_merged


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
    found = {event["node"]: event["duration"] for event in events[1:-1]}
    assert found == {"capture": 2.0, "ingest": 3.0}


def test_a_failure_is_replaced_by_the_next_success(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    write_merged(path, [{"event": "on_node_error", "node": "a", "node_id": "a", "error": "x"}])
    write_merged(path, [node("a", 1.0)])
    assert [event["event"] for event in read(path)[1:-1]] == ["after_node_run"]


def test_a_broken_file_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text("[{")
    write_merged(path, [node("a", 1.0)])
    assert len(read(path)) == 3
