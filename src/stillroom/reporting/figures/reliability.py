"""Reliability diagram: bins of confidence in, how often each was right out (Guo et al. 2017)."""

from typing import TYPE_CHECKING, Any

from stillroom.reporting.display_names import title
from stillroom.reporting.figures.canvas import ACCENT, FAINT, GREY, INK, LIGHT, Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 360, 340
# The area of the mark of a bin that holds every example, in square points.
LARGEST_MARK = 420


def reliability(model: str, records: list[dict[str, Any]]) -> Drawing:
    """Return a drawing: accuracy over confidence of one model; a mark's area is the bin's share.

    Args:
        model: the model whose records are drawn.
        records: model, confidence, accuracy, count. Their expected calibration error is written
            into the figure.
    """
    rows = [record for record in records if record["model"] == model]
    total = sum(row["count"] for row in rows)
    gaps = (row["count"] * abs(row["accuracy"] - row["confidence"]) for row in rows)
    ece = sum(gaps) / max(total, 1)
    colour = ACCENT if model == "student" else GREY

    def paint(axes: "Axes") -> None:
        confidence = [row["confidence"] for row in rows]
        accuracy = [row["accuracy"] for row in rows]
        areas = [max(14.0, LARGEST_MARK * row["count"] / total) for row in rows]
        axes.plot([0, 1], [0, 1], color=LIGHT, linewidth=1.2)
        axes.plot(confidence, accuracy, color=colour, linewidth=0.8, alpha=0.6)
        axes.scatter(
            confidence, accuracy, s=areas, facecolor=colour, alpha=0.75, edgecolor="white", zorder=3
        )
        axes.set(xlim=(-0.02, 1.06), ylim=(-0.02, 1.06), xlabel="confidence", ylabel="accuracy")
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
        axes.grid(color=FAINT)
        axes.set_axisbelow(True)
        axes.set_title(title(model), color=ACCENT if model == "student" else INK)
        axes.text(0.04, 0.97, f"ECE {100 * ece:.1f}%", va="top", weight="bold")
        axes.text(0.97, 0.03, "too sure", ha="right", color=GREY)
        axes.text(0.04, 0.86, "not sure enough", color=GREY, va="top")

    description = f"Accuracy by confidence: {title(model)}, calibration error {100 * ece:.1f}%"
    return Drawing(WIDTH, HEIGHT, description, paint)
