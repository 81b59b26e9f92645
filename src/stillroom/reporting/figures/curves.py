"""Learning curves: records per model and epoch in, one line per model out."""

from typing import TYPE_CHECKING, Any

import numpy as np

from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, STUDENT, Run, run_of_name
from stillroom.reporting.display_names import title
from stillroom.reporting.figures.canvas import ACCENT, FAINT, GREY, INK, Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 400, 265
MEASURES = {
    "train_loss": "training loss",
    "validation_nll": "validation NLL, nats",
    "validation_accuracy": "validation accuracy",
}
# Labels nearer to each other than this share of the axis' height would overlap.
LEAST_GAP = 0.06
# More lines than this are a family: one label for all.
MOST_LABELS = 3
_DASHES = ("--", ":", "-.")


def learning_curves(whose: str, records: list[dict[str, Any]], measure: str) -> Drawing:
    """Return a drawing of `measure` over epochs: a line per model, labelled at its end.

    Args:
        whose: the beginning of the title, such as "students" or "teachers".
        records: model, epoch (may be a fraction) and `measure`; None leaves a gap.
        measure: one of `MEASURES`.
    """
    from matplotlib.ticker import MaxNLocator

    lines: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        lines.setdefault(record["model"], []).append(record)
    description = f"{MEASURES[measure]} by epoch, of {', '.join(map(title, lines))}"

    def paint(axes: "Axes") -> None:
        ends = [
            _line(axes, model, index, rows, measure)
            for index, (model, rows) in enumerate(lines.items())
        ]
        axes.set_xlabel("epoch")
        axes.set_title(f"{whose}: {MEASURES[measure]}")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=_is_whole(records)))
        axes.grid(axis="y", color=FAINT)
        axes.margins(x=0.02)
        _label_ends(axes, list(lines), ends)

    return Drawing(WIDTH, HEIGHT, description, paint)


def _is_whole(records: list[dict[str, Any]]) -> bool:
    return all(float(record["epoch"]).is_integer() for record in records)


def _line(
    axes: "Axes", model: str, index: int, rows: list[dict[str, Any]], measure: str
) -> tuple[float, float]:
    epochs = [row["epoch"] for row in rows]
    values = [np.nan if row[measure] is None else row[measure] for row in rows]
    run = run_of_name(model)
    is_student, ships = run.arm == STUDENT, run.number == 0
    axes.plot(
        epochs,
        values,
        color=ACCENT if is_student else GREY,
        linestyle="-" if is_student else _DASHES[_dash(run, index)],
        linewidth=2.2 if is_student and ships else 1.4 if ships else 0.8,
        marker="o" if len(rows) == 1 else None,
    )
    points = [(x, y) for x, y in zip(epochs, values, strict=True) if not np.isnan(y)]
    return points[-1] if points else (np.nan, np.nan)


def _dash(run: Run, index: int) -> int:
    """Return the index of a line's dashes; all seeds of an arm have the same dashes."""
    return (0 if run.arm == CONTROL else 1 if run.arm == FULL_LOGITS else index) % len(_DASHES)


def _label_ends(axes: "Axes", models: list[str], ends: list[tuple[float, float]]) -> None:
    labels = [(model, end) for model, end in zip(models, ends, strict=True) if not np.isnan(end[1])]
    firsts = [(model, end) for model, end in labels if run_of_name(model).number == 0]
    labels = firsts if any(model == STUDENT for model, _ in firsts) else labels
    if len(labels) > MOST_LABELS:
        middle = float(np.median([y for _, (_, y) in labels]))
        labels = [(f"{len(labels)} members", (labels[0][1][0], middle))]
    low, high = axes.get_ylim()
    heights = _spread([(y - low) / (high - low) for _, (_, y) in labels])
    for (model, _), height in zip(labels, heights, strict=True):
        is_student = model == STUDENT
        axes.annotate(
            title(model),
            (1.01, height),
            xycoords="axes fraction",
            va="center",
            color=ACCENT if is_student else INK,
            weight="bold" if is_student else "normal",
        )


def _spread(heights: list[float]) -> list[float]:
    placed = list(heights)
    lowest = -np.inf
    for index in np.argsort(heights, kind="stable"):
        placed[index] = max(heights[index], lowest + LEAST_GAP)
        lowest = placed[index]
    return placed
