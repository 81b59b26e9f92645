"""Cost: cost.json in, how much less the student takes, and what teaching it took, out."""

from collections.abc import Sequence
from dataclasses import dataclass

from stillroom.evaluation.arms import STUDENT, TEACHER
from stillroom.io.byte_sizes import told
from stillroom.reporting import figures

Numbers = dict[str, dict[str, int | float]]
Lines = tuple[tuple[str, str], ...]

# What the student has less of, in the order of the bars; throughput is what it has more of.
LESS = {
    "parameters": "Parameters",
    "flops": "FLOPs",
    "ms_p50": "Latency",
    "peak_megabytes": "Memory",
    "watt_hours_per_thousand": "Energy",
}
MORE = {"per_second_at_32": "Time, 32 at once"}
STAGES = {"teachers": "the teachers", "capture": "their new answers", "train": "the students"}
MINUTE, HOUR = 60, 3600
# Of answers to inputs of one kind the slowest in 20 take little more than the median, on a machine
# that has nothing else to do.
BUSY = 3.0


@dataclass(frozen=True, slots=True)
class Section:
    """What the template shows.

    Attributes:
        figure: SVG.
        cache: lines on what the answers cost and saved.
        run: lines on the energy of what made the student; none where it is not known.
        doubt: why not to believe the times; "" where nothing speaks against them.
    """

    figure: str
    cache: Lines
    run: Lines
    doubt: str


def section(cost: Numbers) -> Section:
    """Return what the page shows of cost.json."""
    return Section(
        figure=figures.ratios("cost", "Teacher over student", ratios(cost[TEACHER], cost[STUDENT])),
        cache=_cache(cost["cache"]),
        run=_run(cost["run"]) if "run" in cost else (),
        doubt=_doubt([cost[arm] for arm in (TEACHER, STUDENT)]),
    )


def ratios(
    teacher: dict[str, int | float], student: dict[str, int | float]
) -> list[tuple[str, float]]:
    """Return of each cost that both have how many times less the student takes."""
    known = {key for key in teacher.keys() & student.keys() if min(teacher[key], student[key]) > 0}
    less = [(told, teacher[key] / student[key]) for key, told in LESS.items() if key in known]
    more = [(told, student[key] / teacher[key]) for key, told in MORE.items() if key in known]
    return less + more


def _doubt(models: Sequence[dict[str, int | float]]) -> str:
    timed = [one for one in models if one.keys() >= {"ms_p50", "ms_p95"}]
    apart = max((one["ms_p95"] / one["ms_p50"] for one in timed), default=1.0)
    if apart < BUSY:
        return ""
    return (
        f"One answer in 20 took {apart:.1f} times the median or more: this machine was busy, or "
        "the inputs differ in size. Times and energy may be off; run evaluate again on an idle one."
    )


def _cache(cache: dict[str, int | float]) -> Lines:
    kept = (
        ("asked", f"{cache['rows']:,} answers, {duration(cache['paid_seconds'])} of teacher"),
        (
            "kept",
            f"{told(cache['bytes'])}, {cache['bytes_per_row']:,.1f} bytes an answer",
        ),
    )
    if not cache["read"]:
        return (*kept, ("read", "by nobody: the teachers ran beside the student"))
    return (
        *kept,
        ("read", f"{cache['read']:,} answers by students, over all epochs and seeds"),
        ("without the cache", f"{duration(cache['live_seconds'])} of teacher"),
    )


def _run(run: dict[str, int | float]) -> Lines:
    mark = ", an estimate" if run["energy_is_estimate"] else ""
    parts = [
        (told, f"{run[f'{stage}_watt_hours']:.3g} Wh in {duration(run[f'{stage}_seconds'])}")
        for stage, told in STAGES.items()
    ]
    return (*parts, ("all together", f"{run['watt_hours']:.3g} Wh{mark}"))


def duration(seconds: float) -> str:
    """Return a duration in the unit that suits it."""
    if seconds < MINUTE:
        return f"{seconds:.3g} s"
    return f"{seconds / MINUTE:.1f} min" if seconds < HOUR else f"{seconds / HOUR:,.1f} h"
