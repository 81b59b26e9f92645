"""Family: quality and cost of each student in, a figure of them with the Pareto front out."""

from math import log
from typing import TYPE_CHECKING, Any

from stillroom.reporting.display_names import short
from stillroom.reporting.figures.canvas import ACCENT, FAINT, GREY, INK, Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 420, 340
# For each cost: the field that says whether a record is on the front, and the label of the axis.
FRONTS = {"parameters": "front", "ms_p50": "front_by_time"}
AXES = {"parameters": "parameters", "ms_p50": "ms for one example"}
# For each measure: a factor for its values, and the label of the axis.
MEASURES = {"accuracy": (100, "accuracy, %"), "nll": (1, "nats, lower is better")}
# Room on both sides of the outermost points, as a factor.
ROOM = 1.8
# The names of two models overlap if the models are nearer than these shares of the width and of the
# height of the drawing. The second name then moves down by one line, whose height is in points.
NEAR, LINE = (0.25, 0.04), 12


def family(records: list[dict[str, Any]], cost: str) -> Drawing:
    """Return a drawing of the models: dots with their intervals, and a line along the front.

    A hollow dot is the control of a student.

    Args:
        records: at least one record of `evaluation.pareto.pareto_records`, with latencies.
        cost: `parameters` or `ms_p50`.
    """
    scale, label = MEASURES[records[0]["measure"]]
    rows = sorted(records, key=lambda row: row[cost])
    front = [row for row in rows if row[FRONTS[cost]]]

    def paint(axes: "Axes") -> None:
        axes.set_xscale("log")
        axes.set_xlim(rows[0][cost] / ROOM, rows[-1][cost] * ROOM)
        xs = [row[cost] for row in front]
        axes.plot(xs, [scale * row["quality"] for row in front], color=ACCENT, linewidth=1.2)
        for row, down in zip(rows, _lines_down(rows, cost), strict=True):
            colour = ACCENT if row[FRONTS[cost]] else GREY
            _paint_model(axes, row, row[cost], scale, colour, down)
        if records[0]["measure"] == "nll":
            axes.invert_yaxis()  # better is above
        axes.xaxis.set_major_formatter(lambda value, _: _tick_text(value))
        axes.set_xticks([], minor=True)
        axes.grid(color=FAINT)
        axes.set_axisbelow(True)
        axes.set(xlabel=AXES[cost], ylabel=label)
        axes.set_title("Quality over " + ("size" if cost == "parameters" else "time"))

    names = ", ".join(short(row["model"]) for row in front)
    return Drawing(WIDTH, HEIGHT, f"Quality over {AXES[cost]}; on the front: {names}", paint)


def _lines_down(rows: list[dict[str, Any]], cost: str) -> list[int]:
    """Return by how many lines each name moves down, so that names do not overlap."""
    width = log(rows[-1][cost] / rows[0][cost] * ROOM**2)
    height = max(row["high"] for row in rows) - min(row["low"] for row in rows)
    return [
        sum(
            log(row[cost] / before[cost]) < NEAR[0] * width
            and abs(row["quality"] - before["quality"]) < NEAR[1] * height
            for before in rows[:place]
        )
        for place, row in enumerate(rows)
    ]


def _paint_model(
    axes: "Axes", row: dict[str, Any], at: float, scale: float, colour: str, down: int
) -> None:
    low, high, value = (scale * row[key] for key in ("low", "high", "quality"))
    axes.plot([at, at], [low, high], color=colour, linewidth=1.6)
    axes.plot([at], [value], color=colour, marker="o", markersize=6)
    if row["alone"] != row["quality"]:
        axes.plot([at], [scale * row["alone"]], color=colour, marker="o", markerfacecolor="white")
    axes.annotate(
        short(row["model"]),
        (at, value),
        xytext=(7, 4 - LINE * down),
        textcoords="offset points",
        color=INK,
    )


def _tick_text(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"
