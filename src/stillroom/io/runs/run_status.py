"""Run status: merge the events of a stage's run into the file that Kedro-Viz reads.

    events of this run + .viz/kedro_pipeline_events.json ──by node and dataset──> the same file

Kedro-Viz writes that file only for runs of the whole pipeline, and replaces it each time. After
`dvc repro`, which runs stage by stage, it would show nothing. Without the extra `viz` this hook
does nothing.
"""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node

from stillroom.io.files.atomic_file import write_text
from stillroom.io.files.confined_paths import confined, project_root
from stillroom.io.printable import printable_lines

EVENTS = Path(".viz") / "kedro_pipeline_events.json"
Event = dict[str, Any]


class RunStatus:
    """Collects the events of each node and dataset of a run."""

    def __init__(self) -> None:
        """Start with no events."""
        self.events: list[Event] = []
        self.started: dict[str, float] = {}
        self.catalog: Any = None

    @hook_impl
    def after_catalog_created(self, catalog: Any) -> None:
        """Keep the catalog, to look up the sizes of files."""
        self.catalog = catalog

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start the clock of a node."""
        self.started[node.name] = perf_counter()

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Record a node that succeeded."""
        if (ids := _ids()) is not None:
            duration = perf_counter() - self.started[node.name]
            self.events.append(
                {
                    "event": "after_node_run",
                    "node": node.name,
                    "node_id": ids.hash_node(node),
                    "duration": duration,
                    "status": "success",
                }
            )

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str) -> None:
        """Record a dataset that was loaded."""
        self._record_dataset("after_dataset_loaded", dataset_name)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Record a dataset that was saved."""
        self._record_dataset("after_dataset_saved", dataset_name)

    @hook_impl
    def on_node_error(self, error: Exception, node: Node) -> None:
        """Record a node that failed."""
        if (ids := _ids()) is not None:
            self.events.append(
                {
                    "event": "on_node_error",
                    "node": node.name,
                    "node_id": ids.hash_node(node),
                    "error": printable_lines(str(error)),
                    "timestamp": _now(),
                    "traceback": "",
                }
            )

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Write the events up to the error."""
        try:
            self.after_pipeline_run()
        except OSError as error:  # the run's own error is what the user must see
            logging.getLogger(__name__).warning("The run status is not up to date: %s", error)

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Write the events."""
        if _ids() is not None:
            write_merged(confined(EVENTS, project_root()), self.events)

    def _record_dataset(self, event: str, name: str) -> None:
        if (ids := _ids()) is not None:
            self.events.append(
                {
                    "event": event,
                    "dataset": name,
                    "node_id": ids.hash_node(name),
                    "status": "Available",
                    "size": ids.compute_size(name, self.catalog),
                }
            )


def write_merged(path: Path, events: list[Event]) -> None:
    """Replace the events of the same nodes and datasets in the file; keep all others."""
    kept = [event for event in _read(path) if _subject(event) not in set(map(_subject, events))]
    with_ids = [event for event in [*kept, *events] if "node_id" in event]
    start = {"event": "before_pipeline_run", "timestamp": _now()}
    end = {"event": "after_pipeline_run", "timestamp": _now()}
    write_text(path, json.dumps([start, *with_ids, end], indent=2))


def _subject(event: Event) -> str:
    return str(event.get("node_id", event["event"]))


def _read(path: Path) -> list[Event]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = []  # a status is not a result: an unreadable file is replaced
    events = content if isinstance(content, list) else []
    return [event for event in events if isinstance(event, dict) and "event" in event]


def _ids() -> Any:
    """Return the module of Kedro-Viz that computes ids and sizes, None if it is not installed."""
    try:
        from kedro_viz.integrations.kedro import hooks_utils
    except ImportError:
        return None
    return hooks_utils


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
