"""Kedro's hooks, for every run and every stage.

run begins ──> no other run may write into the project
run begins ──> each condition of evaluate.slices is checked, and that listed teachers exist
run begins ──> the licence of the model that students start from is known
dataset loaded ──> it is as this run wrote it or read it before
stage run ──> its events are merged into the run status that Kedro-Viz shows
teachers, capture or train begins ──> its energy is measured until its result is saved
last output of a node saved ──> the states for resuming that node are removed
"""

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from stillroom.assess.cost.energy_log import METERED, StageEnergy, log_energy, result_hash
from stillroom.config.checks.teacher_checks import require_paths
from stillroom.errors import StillroomError
from stillroom.io.files.confined_paths import project_root
from stillroom.io.files.workspace import remove_unfinished
from stillroom.io.runs.run_inputs import RunInputs
from stillroom.io.runs.run_lock import RunLock
from stillroom.io.runs.run_status import RunStatus

if TYPE_CHECKING:
    from stillroom.evaluation.cost.energy import Meter

LONG = 3.0  # seconds
SLICES, TEACHERS = "params:evaluate.slices", "params:teachers"
STUDENT, STUDENTS = "params:student", "students"


class LogNodes:
    """Logs which node runs, and the duration of long nodes."""

    def __init__(self) -> None:
        """Start with no clock running."""
        self.started: dict[str, float] = {}

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Log the start of a node, and start its clock."""
        self.started[node.name] = perf_counter()
        self._log(node, "…")

    @hook_impl
    def after_node_run(self, node: Node) -> None:
        """Log the duration of a node that took at least `LONG` seconds."""
        seconds = perf_counter() - self.started[node.name]
        if seconds >= LONG:
            self._log(node, f"done in {seconds:.0f} s")

    def _log(self, node: Node, words: str) -> None:
        stage = min(node.tags, default="run")
        logging.getLogger(__name__).info("%s: %s %s", stage, node.short_name, words)


class RemoveUnfinished:
    """Removes the states of a node's interrupted runs, once the last of its results is saved.

    The states belong to one node: another node of its stage that ends earlier must not remove them.
    """

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Remove them if this is the last of the node's outputs."""
        if dataset_name == node.outputs[-1]:
            remove_unfinished(project_root(), node.short_name)


class MeterStages:
    """Records the energy and time of the stages that lead to a student."""

    def __init__(self) -> None:
        """Start with nothing metered."""
        self.meter: Meter | None = None
        self.started = 0.0
        self.catalog: Any = None

    @hook_impl
    def after_catalog_created(self, catalog: Any) -> None:
        """Keep the catalog, to look up the stage's result."""
        self.catalog = catalog

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Start the meter at the first node of a stage."""
        # A node without data runs before all others, regardless of its stage.
        is_first = all(name.startswith("params:") for name in node.inputs)
        if self.meter is not None or is_first or min(node.tags, default="") not in METERED:
            return
        from stillroom.evaluation.cost.energy import Meter

        self.meter = Meter()
        self.meter.start()
        self.started = perf_counter()

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Stop the meter when the stage's result is saved."""
        if self.meter is None or METERED.get(min(node.tags, default="")) != dataset_name:
            return
        meter, self.meter = self.meter, None
        try:
            energy, seconds = meter.stop(), perf_counter() - self.started
        except StillroomError as error:  # the result matters more than its energy
            logging.getLogger(__name__).warning("energy: %s", error)
            return
        spent = StageEnergy(joules=energy.joules, seconds=seconds, is_estimate=energy.is_estimate)
        log_energy(project_root(), result_hash(self.catalog.load(dataset_name)), spent)

    @hook_impl
    def on_node_error(self) -> None:
        """Discard the measurement of a stage that failed."""
        self.meter = None


class CheckSlices:
    """Checks the conditions of slices before anything runs, not after hours of training.

    `evaluate` checks later whether the examples have the columns.
    """

    @hook_impl
    def before_pipeline_run(self, catalog: Any) -> None:
        """Parse each condition of `evaluate.slices`.

        Raises:
            ConfigError: a condition is not an expression, or uses something that is not allowed.
        """
        slices = catalog.load(SLICES) if SLICES in catalog else {}
        if not slices:
            return
        from stillroom.evaluation.slices.expression import parsed

        for name, text in slices.items():
            parsed(str(text), f"evaluate.slices.{name}")


class CheckTeachers:
    """Checks that listed teachers exist before a run that has the stage `teachers` begins."""

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: Any) -> None:
        """Check each path of `teachers`. No other stage reads them.

        Raises:
            ConfigError: there is nothing at the path of one.
        """
        if TEACHERS in pipeline.inputs() and TEACHERS in catalog:
            require_paths(catalog.load(TEACHERS), project_root())


class CheckStart:
    """Checks the licence of the model at student.path before a run that has `train` begins.

    `train` checks it again: by then the teachers may have answered, which costs most.
    """

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: Any) -> None:
        """Read the licence, where there is such a model.

        Raises:
            LicenceError: it is unknown, and no reason is given.
            ModelError: there is no model.
        """
        trains = any(STUDENTS in node.outputs for node in pipeline.nodes)
        student = catalog.load(STUDENT) if trains and STUDENT in catalog else None
        if student is None or student.path is None:
            return
        from stillroom.teachers.licences.start_licence import licence_of_start

        licence_of_start(student, project_root())


HOOKS = (
    RunLock(),
    RunInputs(),
    CheckSlices(),
    CheckTeachers(),
    CheckStart(),
    RunStatus(),
    LogNodes(),
    MeterStages(),
    RemoveUnfinished(),
)
