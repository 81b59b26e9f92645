"""Ratios: the ratio of two models' costs in, bars on a logarithmic axis out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stillroom.reporting.figures.canvas import ACCENT, FAINT, GREY, INK, Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 400
# Height of one bar, and of the space above and below all bars.
ROW, REST = 30, 70
# Room beyond the longest bar for its number, as a factor.
ROOM = 1.6


def ratios(title: str, bars: Sequence[tuple[str, float]]) -> Drawing:
    """Return a drawing of ratios.

    Args:
        title: names the two models.
        bars: the name and the ratio (> 0) of each bar, from top to bottom.
    """
    values = [value for _, value in bars]

    def paint(axes: "Axes") -> None:
        axes.set_xscale("log")
        axes.set_xlim(min(0.5, *values) / ROOM, max(2.0, *values) * ROOM)
        axes.axvline(1, color=GREY, linewidth=1)
        for place, value in enumerate(values):
            colour = ACCENT if value > 1 else GREY
            axes.plot([1, value], [place, place], color=colour, linewidth=9, solid_capstyle="butt")
            axes.annotate(
                f"{_ratio_text(value)} times",
                (max(value, 1), place),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                annotation_clip=False,
            )
        axes.set_ylim(len(bars) - 0.4, -0.6)
        axes.set_yticks(range(len(bars)), [what for what, _ in bars])
        axes.tick_params(axis="y", length=0, labelcolor=INK)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.grid(axis="x", color=FAINT)
        axes.set_axisbelow(True)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("times less")
        axes.set_title(title)

    listed = ", ".join(f"{what} {_ratio_text(value)} times" for what, value in bars)
    return Drawing(WIDTH, REST + ROW * len(bars), f"{title}: {listed}", paint)


def _ratio_text(ratio: float) -> str:
    return f"{ratio:,.0f}" if ratio >= 1000 else f"{ratio:.3g}"
