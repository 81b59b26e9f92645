"""The plan: measures each way to store soft labels on a sample of the teachers' answers.

MemberAnswers, … ──measure every candidate──> Plan(Option, Option, …)
Plan + a budget in bytes ──best_within──> the Option with the least gradient error that fits
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import ceil

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.capture_set import Progress
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.plan.fidelity import (
    Fidelity,
    Gradient,
    MissingMass,
    Reference,
    uniform_student_gradient,
)
from stillroom.softlabels.plan.grid import candidates
from stillroom.softlabels.plan.measure import DRAWS, MemberAnswers, SampleAnswers
from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The rows that the sample represents.

    Attributes:
        rows: number of rows per teacher in the set, draws and views included.
        rows_per_shard: average number of rows in a shard.
        copies: how many copies of each byte lie on the disk.
        thinned: the positions of a row divided by those of them that the sample contains.
        distinct: the share of rows that are no further draw of another one. Draws of an input have
            equal features, which take the bytes of one of them.
    """

    rows: int
    rows_per_shard: int
    copies: int
    thinned: float = 1.0
    distinct: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A way to store the answers, and to learn from them.

    Attributes:
        sparsifier: the one that the config would name.
        missing_mass: how the objective treats the mass that is not stored.
        entries: average number per distribution of one teacher.
        bytes_per_row: the bytes of a row for all teachers, in one copy.
        bytes_total: the bytes of all rows and copies.
        fidelity: None if several teachers cannot be combined from these labels.
    """

    sparsifier: SparsifierRequest
    missing_mass: MissingMass
    entries: float
    bytes_per_row: float
    bytes_total: int
    fidelity: Fidelity | None

    @property
    def is_biased(self) -> bool:
        """Whether the average of the labels differs from the teacher's answers."""
        return self.sparsifier.content is Content.HEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every option, and the sample that they were measured on.

    Attributes:
        options: kind by kind, by rising number of entries.
        positions: number of distributions in the sample.
        sampled: number of rows in the sample.
        members: number of teachers whose answers are stored separately.
        draws: number of draws over which the errors of unbiased options are averaged.
        temperature: the one at which the options are compared.
        whole: the rows that the sample represents.
    """

    options: tuple[Option, ...]
    positions: int
    sampled: int
    members: int
    draws: int
    temperature: float
    whole: Population


def plan(
    answers: Sequence[MemberAnswers],
    combination: Combination,
    temperatures: tuple[float, ...],
    temperature: float,
    whole: Population,
    gradient: Gradient | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Measure every candidate.

    Args:
        answers: each teacher's answers to the same examples, in the same order.
        combination: how the teachers are combined.
        temperatures: those at which top-k keeps log Z; `temperature` is one of them.
        temperature: that of the objective.
        whole: the rows that the sample represents.
        gradient: the gradient of a student; None for a uniform student's, at its logits.
        progress: shows how many candidates are measured.

    Raises:
        SoftLabelError: the answers cannot be used.
    """
    sample = SampleAnswers(
        answers=answers,
        pilots=[one.pilot(temperature) for one in answers],
        combination=combination,
        temperature=temperature,
        rows_per_shard=whole.rows / ceil(whole.rows / whole.rows_per_shard),
    )
    full = sample.full()
    reference = Reference(full, gradient or uniform_student_gradient)
    requests = candidates(
        CandidateGrid(answers[0].teacher.classes, sample.pilots, temperatures, temperature)
    )
    features = sample.feature_bytes_per_row
    options: list[Option] = []
    with (progress or _silent)("trying sparsifiers", len(requests)) as tick:
        for request in requests:
            options += _options(request, sample, reference, whole, features)
            tick(1)
    return Plan(
        options=tuple(options),
        positions=len(full),
        sampled=len(answers[0].rows),
        members=len(answers),
        draws=DRAWS,
        temperature=temperature,
        whole=whole,
    )


def best_within(plan: Plan, budget: int) -> Option:
    """Return the option with the least gradient error that fits into a budget in bytes.

    Of several options with this error it is the smallest.

    Raises:
        SoftLabelError: no option fits; the error states the size of the smallest.
    """
    usable = [(o.fidelity.gradient_error, o.bytes_total, o) for o in plan.options if o.fidelity]
    fitting = [one for one in usable if one[1] <= budget]
    if not fitting:
        least = min(size for _, size, _ in usable)
        raise SoftLabelError(
            f"nothing fits into {budget:,} bytes: the smallest soft labels for {plan.whole.rows:,} "
            f"rows take {least:,} bytes in all copies. Raise --budget, or capture fewer rows."
        )
    return min(fitting, key=lambda one: one[:2])[2]


def _options(
    request: SparsifierRequest,
    sample: SampleAnswers,
    reference: Reference,
    whole: Population,
    features: float,
) -> list[Option]:
    """Return the option of a sparsifier; for a head, one per treatment of the missing mass."""
    measurement = sample.measure(request)
    # The sample has some positions of a row, but all its features.
    answers = (measurement.bytes_per_row - features) * whole.thinned
    bytes_per_row = answers + features * whole.distinct
    treatments: tuple[MissingMass, ...] = ("unbiased",)
    if request.content is Content.HEAD:
        treatments = ("tail_bucket", "renormalise") if measurement.draws else ("tail_bucket",)
    return [
        Option(
            sparsifier=request,
            missing_mass=treatment,
            entries=measurement.entries,
            bytes_per_row=bytes_per_row,
            bytes_total=round(bytes_per_row * whole.rows * whole.copies),
            fidelity=reference.fidelity(measurement.draws, measurement.retained_mass, treatment)
            if measurement.draws
            else None,
        )
        for treatment in treatments
    ]


def _silent(label: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda done: None)
