"""Cost view: cost.json in, the savings of the student and the cost of the run out."""

from collections.abc import Sequence
from dataclasses import dataclass

from stillroom.evaluation.arms import STUDENT, TEACHER
from stillroom.io.byte_sizes import size_text
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting import figures

Lines = tuple[tuple[str, str], ...]

# The costs in the order of the bars: a smaller number is better in LESS, a larger one in MORE.
LESS = {
    "parameters": "Parameters",
    "flops": "FLOPs",
    "ms_p50": "Latency",
    "peak_megabytes": "Memory",
    "watt_hours_per_thousand": "Energy",
}
MORE = {"per_second_at_32": "Time, 32 at once"}
STAGES = {
    "teachers": "training the teachers",
    "capture": "capturing new answers",
    "train": "training the students",
}
MINUTE, HOUR = 60, 3600
# On an idle machine, the slowest of 20 answers to similar inputs takes little more time than the
# median. From this ratio on, the times are in doubt.
BUSY = 3.0


@dataclass(frozen=True, slots=True)
class CostView:
    """What the template shows.

    Attributes:
        figure: SVG.
        cache: lines on what the teachers' answers cost and saved.
        run: lines on the energy of the run; empty where it was not measured.
        doubt: the reason to doubt the times; "" where there is none.
    """

    figure: str
    cache: Lines
    run: Lines
    doubt: str


def cost_view(cost: GroupedNumbers) -> CostView:
    """Return the content of cost.json for the page."""
    savings = ratios(cost[TEACHER], cost[STUDENT])
    return CostView(
        figure=figures.ratios("Teacher over student", savings).svg("cost"),
        cache=_cache(cost["cache"]),
        run=_run(cost["run"]) if "run" in cost else (),
        doubt=_doubt([cost[arm] for arm in (TEACHER, STUDENT)]),
    )


def ratios(
    teacher: dict[str, int | float], student: dict[str, int | float]
) -> list[tuple[str, float]]:
    """Return how many times less the student takes, for each cost that both models have."""
    positive = {
        key for key in teacher.keys() & student.keys() if min(teacher[key], student[key]) > 0
    }
    less = [(name, teacher[key] / student[key]) for key, name in LESS.items() if key in positive]
    more = [(name, student[key] / teacher[key]) for key, name in MORE.items() if key in positive]
    return less + more


def _doubt(models: Sequence[dict[str, int | float]]) -> str:
    timed = [one for one in models if one.keys() >= {"ms_p50", "ms_p95"}]
    apart = max((one["ms_p95"] / one["ms_p50"] for one in timed), default=1.0)
    if apart < BUSY:
        return ""
    return (
        f"One answer in 20 took {apart:.1f} times the median or more: this machine was busy, or "
        "the inputs differ in size. Times and energy may be wrong. Run the stage evaluate again "
        "on an idle machine."
    )


def _cache(cache: dict[str, int | float]) -> Lines:
    kept = (
        (
            "captured",
            f"{cache['rows']:,} answers, {duration(cache['paid_seconds'])} of teacher time",
        ),
        (
            "stored",
            f"{size_text(cache['bytes'])}, {cache['bytes_per_row']:,.1f} bytes per answer",
        ),
    )
    if not cache["read"]:
        return (*kept, ("read by students", "none: the teachers ran beside the students"))
    return (
        *kept,
        ("read by students", f"{cache['read']:,} answers, over all epochs and seeds"),
        ("without the cache", f"{duration(cache['live_seconds'])} of teacher time"),
    )


def _run(run: dict[str, int | float]) -> Lines:
    mark = ", an estimate" if run["energy_is_estimate"] else ""
    parts = [
        (words, f"{run[f'{stage}_watt_hours']:.3g} Wh in {duration(run[f'{stage}_seconds'])}")
        for stage, words in STAGES.items()
    ]
    return (*parts, ("total", f"{run['watt_hours']:.3g} Wh{mark}"))


def duration(seconds: float) -> str:
    """Return a duration in the unit that suits it."""
    if seconds < MINUTE:
        return f"{seconds:.3g} s"
    return f"{seconds / MINUTE:.1f} min" if seconds < HOUR else f"{seconds / HOUR:,.1f} h"
