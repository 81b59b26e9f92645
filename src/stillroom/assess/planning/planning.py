"""Planning: the project's examples, teachers and student in, the plan of its soft labels out.

examples ──sample──> inputs ──each teacher, timed──> logits ─┐
                         └──student's encoder──> gradient ──────┴──plan──> ProjectPlan

A plan uses only as many positions of the sequences as memory can hold, at even distances.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from stillroom.assess.planning.captured_positions import CapturedPositions, captured_positions
from stillroom.assess.planning.position_sample import Positions, position_sample, thinning
from stillroom.assess.planning.student_gradient import student_gradient
from stillroom.config.schema import Inference, Objective, SoftLabels, Student
from stillroom.io.files.disk_copies import Copies
from stillroom.io.progress import ticking
from stillroom.io.tables import TableFile
from stillroom.teachers import softlabels_config
from stillroom.teachers.capture_jobs import capture_jobs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from stillroom.data.encoders import Encoder
    from stillroom.softlabels.capture.capture_set import CaptureJob
    from stillroom.softlabels.capture.chunks import CaptureInput
    from stillroom.softlabels.plan.measure import MemberAnswers
    from stillroom.softlabels.plan.plan import Plan
    from stillroom.teachers.capture_inputs import ExampleInputs
    from stillroom.teachers.licences.licence_document import Licence

# The largest number of logits in a sample: they and their gradients are dense and in float64.
MOST_CELLS = 2**24
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPlan:
    """A plan, with the numbers that depend on the project.

    Attributes:
        plan: every option.
        copies: the places that will hold the set.
        inputs: how many inputs each teacher runs on; the draws of an input share its answer.
        seconds_per_input: the time of all teachers together, measured on the sample.
        positions: how many positions are captured, of sequences.
    """

    plan: "Plan"
    copies: Copies
    inputs: int
    seconds_per_input: float
    positions: CapturedPositions | None = None

    @property
    def hours(self) -> float:
        """The time of the teachers for all inputs, in hours."""
        return self.inputs * self.seconds_per_input / SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The data, models and parameters that a plan is made for; relative paths start at `root`."""

    root: Path
    examples: TableFile
    encoder: Path
    teachers: Path
    licence: "Licence"
    inference: Inference
    softlabels: SoftLabels
    student: Student
    objective: Objective


def project_plan(project: Project, copies: Copies, positions: int) -> ProjectPlan:
    """Run the teachers on a sample of the inputs, and return the plan for the whole set.

    Raises:
        StillroomError: the examples, the teachers or the student cannot be used.
    """
    from stillroom.data.encoders import SequenceEncoder, read_encoder
    from stillroom.softlabels.plan.plan import Population, plan
    from stillroom.teachers.licences.check_licence import require_covered
    from stillroom.teachers.stored_teachers import teacher_refs
    from stillroom.training.model_start import student_start

    refs = teacher_refs(project.teachers, project.inference)
    require_covered(project.licence, len(refs))  # the teachers run on the sample too
    fitted = read_encoder(project.encoder)
    jobs = capture_jobs(project.examples, project.encoder, refs, project.softlabels)
    first: Any = jobs[0].inputs
    most = min(positions, max(2, MOST_CELLS // fitted.outputs))
    wanted = 2 * fitted.length + positions if isinstance(fitted, SequenceEncoder) else most
    own = _students_inputs(project, fitted)
    sampled = _sampled([*(one.inputs for one in jobs), own], wanted)
    places = position_sample(sampled[0], most)
    answers, seconds = _answers(jobs, sampled, places)
    labels, temperature = project.softlabels, project.objective.temperature
    inputs = _stacked(sampled[-1])
    start = student_start(project.student, refs[0], project.root)
    distinct = len(replace(first, draws=1))
    measured = plan(
        answers,
        softlabels_config.read_combination_of(labels, len(jobs)),
        tuple(sorted({*labels.temperatures, temperature})),
        temperature,
        Population(
            rows=len(first),
            rows_per_shard=labels.rows_per_shard,
            copies=copies.full,
            thinned=thinning(sampled[0], places),
            distinct=distinct / len(first),
        ),
        student_gradient(inputs, places, fitted, project.student, start, temperature),
        _progress,
    )
    return ProjectPlan(
        plan=measured,
        copies=copies,
        inputs=distinct,
        seconds_per_input=seconds,
        positions=captured_positions(project.examples, fitted),
    )


def _students_inputs(project: Project, encoder: "Encoder") -> "ExampleInputs":
    from stillroom.teachers.capture_inputs import ExampleInputs

    views = softlabels_config.views_of(project.softlabels, encoder)
    return ExampleInputs(project.examples, encoder, views, project.softlabels.draws)


def _sampled(several: list[Any], positions: int) -> list[list["CaptureInput"]]:
    """Return the same sampled rows for each teacher; the first teacher's inputs decide which."""
    from stillroom.softlabels.capture.complete_sparsifier import pilot_inputs

    first = several[0]
    walks = 2 + sum(one != first for one in several[1:])
    with ticking("choosing the sample", walks * len(first), "rows") as ticker:
        chosen = list(pilot_inputs(_Walked(first, ticker), positions))
        names = {_name(one): at for at, one in enumerate(chosen)}
        return [chosen if one == first else _named(_Walked(one, ticker), names) for one in several]


@dataclass(frozen=True, slots=True)
class _Walked:
    """Inputs that advance a progress bar during iteration."""

    inputs: Any
    ticker: Any

    def __iter__(self) -> "Iterator[CaptureInput]":
        for one in self.inputs:
            yield one
            self.ticker.advance()


def _named(inputs: _Walked, names: dict[Any, int]) -> list["CaptureInput"]:
    import numpy as np

    from stillroom.softlabels.capture.chunks import CaptureInput

    chosen: dict[int, CaptureInput] = {}
    for one in inputs:
        at = names.get(_name(one))
        if at is not None:
            # Copy the input, so that the memory of its batch can be freed.
            chosen[at] = CaptureInput(one.row, np.array(one.input()).copy)
    return [chosen[at] for at in range(len(names))]


def _name(capture_input: "CaptureInput") -> tuple[bytes, int, int]:
    return capture_input.row.example_id, capture_input.row.view, capture_input.row.draw


def _stacked(batch: list["CaptureInput"]) -> "NDArray[Any]":
    import numpy as np

    inputs = np.stack([capture_input.input() for capture_input in batch])
    return inputs.astype(np.float32) if np.issubdtype(inputs.dtype, np.floating) else inputs


def _answers(
    jobs: "tuple[CaptureJob, ...]", sampled: list[list["CaptureInput"]], places: Positions
) -> tuple[list["MemberAnswers"], float]:
    """Return each teacher's answers, and the seconds per input of all teachers together."""
    with ticking("capturing the sample", len(jobs) * len(sampled[0]), "rows") as ticker:
        timed = [
            _timed(one, batch, places, ticker) for one, batch in zip(jobs, sampled, strict=False)
        ]
    return [answers for answers, _ in timed], sum(seconds for _, seconds in timed)


def _timed(
    one: "CaptureJob", batch: list["CaptureInput"], places: Positions, ticker: Any
) -> tuple["MemberAnswers", float]:
    """Return a teacher's answers, with features if they are captured, and seconds per input."""
    import numpy as np

    from stillroom.softlabels.capture.sparsify_rows import on_cpu
    from stillroom.softlabels.format.pooled_features import RowFeatures, split
    from stillroom.softlabels.plan.measure import MemberAnswers
    from stillroom.softlabels.sparsify.kinds.full import Full

    inputs, states = _stacked(batch), []
    parts: list[NDArray[np.float32]] = []
    member = one.teacher.keeping(Full())  # its answers do not depend on the sparsifier
    started = perf_counter()
    for answer in member.answer(inputs):
        logits, features = split(answer)
        for row in logits:
            parts.append(on_cpu(row.reshape(-1, row.shape[-1])[places[len(parts)]]))
        if features is not None:
            states.append(features)
        ticker.advance(len(logits))
    seconds = (perf_counter() - started) / len(inputs)
    rows = tuple(
        replace(capture_input.row, labels=capture_input.row.labels[at])
        for capture_input, at in zip(batch, places, strict=True)
    )
    kept = RowFeatures.stacked(states) if states else None
    return MemberAnswers(one.teacher, rows, np.concatenate(parts), kept), seconds


@contextmanager
def _progress(label: str, total: int) -> "Iterator[Callable[[int], None]]":
    with ticking(label, total, "sparsifiers") as ticker:
        yield ticker.advance
