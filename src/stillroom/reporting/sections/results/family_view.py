"""Family view: the records of all students in, quality over cost with the Pareto front out.

family.json, latencies of cost.json ──> figures over size and over time, a table
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stillroom.errors import DataError
from stillroom.evaluation.arms import STUDENT, TEACHER
from stillroom.evaluation.pareto import Records, on_front, signed_quality
from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.reporting import figures
from stillroom.reporting.display_names import short, title
from stillroom.reporting.units import between, percent

WORDS = {(1, 1): "by size and by time", (1, 0): "by size", (0, 1): "by time", (0, 0): "no"}


@dataclass(frozen=True, slots=True)
class Row:
    """One model of the table."""

    name: str
    quality: str
    alone: str
    parameters: str
    milliseconds: str
    on_front: str


@dataclass(frozen=True, slots=True)
class FamilyView:
    """What the template shows.

    Attributes:
        figures: two SVGs, quality over size and quality over time.
        measure: the name of the measure of quality.
        rows: the models, the smallest first.
    """

    figures: tuple[str, ...]
    measure: str
    rows: tuple[Row, ...]


def family_view(records: Records, cost: Mapping[str, Mapping[str, float]]) -> FamilyView:
    """Return the comparison of the students of one cache.

    Args:
        records: of the teacher, of the student that cost.json is about, and of the others.
        cost: the cost of each model, as in cost.json.

    Raises:
        DataError: cost.json belongs to other students.
    """
    rows = sorted(_timed(records, cost), key=lambda row: (row["parameters"], row["model"]))
    return FamilyView(
        figures=(
            figures.family(rows, "parameters").svg("family-size"),
            figures.family(rows, "ms_p50").svg("family-time"),
        ),
        measure="accuracy" if rows[0]["measure"] == "accuracy" else "nats per token",
        rows=tuple(map(_row, rows)),
    )


def _timed(records: Records, cost: Mapping[str, Mapping[str, float]]) -> Records:
    """Return the records with their latency, and whether each is on the front of latency.

    The first record belongs to the teacher, the second to the student that cost.json is about.
    """
    others = [f"family/{row['model']}" for row in records[2:]]
    try:
        times = [cost[name]["ms_p50"] for name in (TEACHER, STUDENT, *others)]
    except KeyError as error:
        raise DataError(f"cost.json lacks {error}. Run the stage evaluate again.") from None
    goods = [signed_quality(row["measure"], row["quality"]) for row in records]
    both = zip(records, times, on_front(goods, times), strict=True)
    return [row | {"ms_p50": time, "front_by_time": int(is_on)} for row, time, is_on in both]


def _row(record: dict[str, Any]) -> Row:
    quality_text = percent if record["measure"] == "accuracy" else _nats
    is_teacher = record["model"] == TEACHER
    return Row(
        name=title(TEACHER) if is_teacher else short(record["model"]),
        quality=between(Estimate(record["quality"], record["low"], record["high"]), quality_text),
        alone="" if is_teacher else quality_text(record["alone"]),
        parameters=f"{record['parameters']:,.0f}",
        milliseconds=f"{record['ms_p50']:,.2f}",
        on_front=WORDS[record["front"], record["front_by_time"]],
    )


def _nats(value: float) -> str:
    return f"{value:.3f}"
