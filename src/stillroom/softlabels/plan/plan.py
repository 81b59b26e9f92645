"""The plan: teachers' answers to a sample in, what each way to store them all would cost out.

Answered, … ──every candidate, weighed──> Plan(Option, Option, …)
Plan + a budget in bytes ──chosen──> the Option of least gradient error that fits
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import ceil

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.capture_request import Progress
from stillroom.softlabels.capture.solve_threshold import Wanted
from stillroom.softlabels.format.combination import Combination
from stillroom.softlabels.plan.fidelity import (
    Fidelity,
    Gradient,
    MissingMass,
    Reference,
    of_uniform_student,
)
from stillroom.softlabels.plan.grid import candidates
from stillroom.softlabels.plan.measure import DRAWS, Answered, Scales
from stillroom.softlabels.sparsify.sparsifiers import TopK


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What the sample stands for.

    Attributes:
        rows: of each teacher's part of the set, draws and views included.
        rows_per_shard: on average.
        copies: how often each byte comes to lie on the disk.
        thinned: how many positions a row has for one of them that the sample looks at.
    """

    rows: int
    rows_per_shard: int
    copies: int
    thinned: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A way to store the answers, and to learn from them.

    Attributes:
        sparsifier: what would be asked for.
        missing_mass: what the objective does about what is not stored.
        entries: in a distribution of one teacher, on average.
        bytes_per_row: of all teachers, in one copy.
        bytes_total: of all rows and copies.
        fidelity: None where several teachers cannot be combined from it.
    """

    sparsifier: Wanted
    missing_mass: MissingMass
    entries: float
    bytes_per_row: float
    bytes_total: int
    fidelity: Fidelity | None

    @property
    def is_biased(self) -> bool:
        """Whether the labels differ from the teacher's answers even on average."""
        return isinstance(self.sparsifier, TopK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Every option, and what they were measured on.

    Attributes:
        options: kind by kind, by rising number of entries.
        positions: distributions in the sample.
        sampled: rows that they are of.
        members: teachers whose answers are kept apart.
        draws: over which the errors of unbiased options are averaged.
        temperature: of the comparison.
        whole: what the sample stands for.
    """

    options: tuple[Option, ...]
    positions: int
    sampled: int
    members: int
    draws: int
    temperature: float
    whole: Whole


def plan(
    answered: Sequence[Answered],
    combination: Combination,
    temperatures: tuple[float, ...],
    temperature: float,
    whole: Whole,
    gradient: Gradient | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Measure every candidate.

    Args:
        answered: each teacher's answers to the same examples, in the same order.
        combination: how the teachers become one.
        temperatures: at which top-k keeps log Z; `temperature` is one of them.
        temperature: of the objective.
        whole: what the sample stands for.
        gradient: a student's; without one, that of a student who knows nothing, at its logits.
        progress: as `stage` takes it, of candidates.

    Raises:
        SoftLabelError: the answers cannot be used.
    """
    scales = Scales(
        answered=answered,
        pilots=[one.pilot(temperature) for one in answered],
        combination=combination,
        temperature=temperature,
        rows_per_shard=whole.rows / ceil(whole.rows / whole.rows_per_shard),
    )
    full = scales.full()
    reference = Reference(full, gradient or of_uniform_student)
    wanted = candidates(answered[0].teacher.classes, scales.pilots, temperatures, temperature)
    options: list[Option] = []
    with (progress or _silent)("trying sparsifiers", len(wanted)) as tick:
        for one in wanted:
            options += _options(one, scales, reference, whole)
            tick(1)
    return Plan(
        options=tuple(options),
        positions=len(full),
        sampled=len(answered[0].rows),
        members=len(answered),
        draws=DRAWS,
        temperature=temperature,
        whole=whole,
    )


def chosen(plan: Plan, budget: int) -> Option:
    """Return the option of least gradient error within a budget in bytes; of equals the smallest.

    Raises:
        SoftLabelError: nothing fits; says how much the smallest would take.
    """
    usable = [(o.fidelity.gradient_error, o.bytes_total, o) for o in plan.options if o.fidelity]
    fitting = [one for one in usable if one[1] <= budget]
    if not fitting:
        least = min(size for _, size, _ in usable)
        raise SoftLabelError(
            f"nothing fits into {budget:,} bytes: the smallest soft labels of {plan.whole.rows:,} "
            f"rows take {least:,}, all copies counted. Give --budget that much, or fewer rows."
        )
    return min(fitting, key=lambda one: one[:2])[2]


def _options(wanted: Wanted, scales: Scales, reference: Reference, whole: Whole) -> list[Option]:
    """Return an option, or of top-k one for each treatment of the missing mass."""
    found = scales.weighed(wanted)
    bytes_per_row = found.bytes_per_row * whole.thinned
    treatments: tuple[MissingMass, ...] = ("unbiased",)
    if isinstance(wanted, TopK):
        treatments = ("tail_bucket", "renormalise") if found.draws else ("tail_bucket",)
    return [
        Option(
            sparsifier=wanted,
            missing_mass=one,
            entries=found.entries,
            bytes_per_row=bytes_per_row,
            bytes_total=round(bytes_per_row * whole.rows * whole.copies),
            fidelity=reference.fidelity(found.draws, found.retained_mass, one)
            if found.draws
            else None,
        )
        for one in treatments
    ]


def _silent(label: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda done: None)
