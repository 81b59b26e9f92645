"""Kedro's hooks: what must hold for every run, whichever stage it runs.

catalog created ──> every path lies inside the project
run begins ──> the slices that it will look at are expressions
stage run ──> its events are merged into the run status that Kedro-Viz shows
teachers, capture or train begins ──> its energy is metered until its result is saved
last output saved ──> what was kept against a kill is let go
"""

import logging
from collections.abc import Iterator
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node

from stillroom.assess.cost.energy_log import METERED, Spent, made, note
from stillroom.errors import ConfigError, StillroomError
from stillroom.io.files.paths import confined, project_root
from stillroom.io.files.workspace import let_go
from stillroom.io.run_status import RunStatus

if TYPE_CHECKING:
    from stillroom.evaluation.cost.energy import Meter

LONG = 3.0  # seconds
SLICES = "params:evaluate.slices"
PLACES = ("filepath", "path", "folder", "filename")


class ConfineCatalog:
    """Refuses a catalog that would write outside of the project."""

    @hook_impl
    def after_catalog_created(self, conf_catalog: dict[str, Any] | None) -> None:
        """Check each entry's path, links resolved.

        Raises:
            ConfigError: names the entry whose path leads outside.
        """
        root = project_root()
        for name, entry in (conf_catalog or {}).items():
            for path in _paths(entry):
                try:
                    confined(path, root)
                except ConfigError as error:
                    raise ConfigError(f"catalog entry {name}: {error}") from error


def _paths(entry: object, key: str = "") -> Iterator[str]:
    """Yield what an entry says of places, however deep: filepath, path, and any URL."""
    if isinstance(entry, dict):
        for inner_key, value in entry.items():
            yield from _paths(value, str(inner_key))
    elif isinstance(entry, list):
        for value in entry:
            yield from _paths(value, key)
    elif isinstance(entry, str) and (key in PLACES or "://" in entry):
        yield entry


class Narrate:
    """Says which node runs, and how long the long ones took."""

    def __init__(self) -> None:
        """Start with no clock running."""
        self.started: dict[str, float] = {}

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Say what begins, and start the clock."""
        self.started[node.name] = perf_counter()
        self._say(node, "…")

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Say how long it took, where that was long enough to wonder."""
        seconds = perf_counter() - self.started[node.name]
        if seconds >= LONG:
            self._say(node, f"done in {seconds:.0f} s")

    def _say(self, node: Node, words: str) -> None:
        stage = min(node.tags, default="run")
        logging.getLogger(__name__).info("%s: %s %s", stage, node.short_name, words)


class LetGo:
    """Lets go of what a stage kept against a kill, once its last result is saved."""

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Look whether it was the last, in the order of the node's outputs."""
        if dataset_name == node.outputs[-1]:
            let_go(project_root(), min(node.tags, default="run"))


class MeterStages:
    """Notes down what the stages that make a student took of energy and time."""

    def __init__(self) -> None:
        """Start with nothing metered."""
        self.meter: Meter | None = None
        self.started = 0.0
        self.catalog: Any = None

    @hook_impl
    def after_catalog_created(self, catalog: Any) -> None:
        """Keep the catalog, to look up what was made."""
        self.catalog = catalog

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start the meter at the first node of a stage."""
        # What takes no data runs before all others, of whatever stage it is.
        is_first = all(name.startswith("params:") for name in node.inputs)
        if self.meter is not None or is_first or min(node.tags, default="") not in METERED:
            return
        from stillroom.evaluation.cost.energy import Meter

        self.meter = Meter()
        self.meter.start()
        self.started = perf_counter()

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Stop it where the stage's result is in its place."""
        if self.meter is None or METERED.get(min(node.tags, default="")) != dataset_name:
            return
        meter, self.meter = self.meter, None
        try:
            found, seconds = meter.stop(), perf_counter() - self.started
        except StillroomError as error:  # what it made is worth more than what it took
            logging.getLogger(__name__).warning("energy: %s", error)
            return
        spent = Spent(joules=found.joules, seconds=seconds, is_estimate=found.is_estimate)
        note(project_root(), made(self.catalog.load(dataset_name)), spent)

    @hook_impl
    def on_node_error(self) -> None:
        """Forget what a stage took that made nothing."""
        self.meter = None


class CheckSlices:
    """Refuses a slice that is no expression before anything runs, not after hours of training.

    Whether the examples have its columns is seen when there are examples.
    """

    @hook_impl
    def before_pipeline_run(self, catalog: Any) -> None:
        """Parse each condition of `evaluate.slices`.

        Raises:
            ConfigError: one is no expression, or uses what is not allowed.
        """
        slices = catalog.load(SLICES) if SLICES in catalog else {}
        if not slices:
            return
        from stillroom.evaluation.slices.expression import parsed

        for name, text in slices.items():
            parsed(str(text), f"evaluate.slices.{name}")


HOOKS = (ConfineCatalog(), CheckSlices(), RunStatus(), Narrate(), MeterStages(), LetGo())
