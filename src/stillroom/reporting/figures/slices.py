"""Slices: the student's loss on each slice in, a figure of the worst slices out."""

from typing import TYPE_CHECKING

from stillroom.evaluation.slices.verdicts import SliceVerdict, SliceVerdicts, called_out
from stillroom.reporting.display_names import short
from stillroom.reporting.figures.canvas import ACCENT, FAINT, GREY, INK, Drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 400
# Height of one slice, and of the space above and below all slices.
ROW, REST = 20, 95
# More slices than this cannot be read at once.
MOST = 25
# The most letters of a slice's name.
LONGEST = 26
# The most ticks; with more of them, numbers with three decimals would touch each other.
TICKS = 6
# For each measure: a factor for the losses, the number of decimals, and the resulting unit.
UNITS = {"accuracy": (100, 1, "points of accuracy"), "nll": (1, 3, "nats")}


def slices(verdicts: SliceVerdicts) -> Drawing:
    """Return a drawing of the loss per slice: a dot, a line for its interval, and the number.

    A slice that is called out has a diamond and a bold name, in the accent colour. A slice that is
    too small to judge has a hollow dot without an interval. A slice without an example is left out.

    Args:
        verdicts: the slices; the `MOST` worst ones and all conditions are drawn.
    """
    selected = worst(verdicts)
    scale, decimals, unit = UNITS[verdicts.measure]

    def paint(axes: "Axes") -> None:
        overall = scale * verdicts.means.loss
        axes.axvline(0, color=GREY, linewidth=1)
        axes.axvline(overall, color=INK, linewidth=1, linestyle=":")
        axes.annotate(f"all {overall:.{decimals}f}", (overall, -1), ha="center", va="bottom")
        for place, one in enumerate(selected):
            _paint_slice(axes, place, one, scale, decimals)
        axes.set_ylim(len(selected) - 0.4, -1)
        axes.set_xlabel(f"{unit} lost")
        axes.locator_params(axis="x", nbins=TICKS)
        _name_slices(axes, selected)
        # Names take half of the width, so a title above the axes might be too wide for them.
        axes.figure.suptitle(_summary(verdicts), x=0.01, ha="left", fontsize=11)

    return Drawing(WIDTH, REST + ROW * len(selected), f"Loss by slice. {_summary(verdicts)}", paint)


def worst(verdicts: SliceVerdicts) -> list[SliceVerdict]:
    """Return the `MOST` worst slices: those called out, then those judged, then the small ones.

    In each of these groups the slice with the largest loss comes first. All conditions of the
    configuration are kept.
    """
    losses = [(one.means.loss, one) for one in verdicts.slices if one.means]
    ranked = [one for _, one in sorted(losses, key=lambda pair: (-_rank(pair[1]), -pair[0]))]
    conditions = sum(one.kind == "condition" for one in ranked)
    others = [one for one in ranked if one.kind != "condition"][: max(0, MOST - conditions)]
    return [one for one in ranked if one.kind == "condition" or one in others]


def _rank(one: SliceVerdict) -> int:
    if one.judgement is None:
        return 0
    return 2 if one.judgement.is_called_out else 1


def _paint_slice(axes: "Axes", place: int, one: SliceVerdict, scale: float, decimals: int) -> None:
    if one.means is None:
        return
    value, rank = scale * one.means.loss, _rank(one)
    colour = ACCENT if rank == 2 else GREY
    if one.judgement:
        ends = [scale * one.judgement.loss.low, scale * one.judgement.loss.high]
        axes.plot(ends, [place, place], color=colour, linewidth=2.2 if rank == 2 else 1.4)
    axes.plot(
        [value],
        [place],
        color=colour,
        marker="D" if rank == 2 else "o",
        markersize=6 if rank == 2 else 5,
        markerfacecolor=colour if rank else "white",
    )
    axes.annotate(
        f"{value:.{decimals}f}",
        (1.02, place),
        xycoords=("axes fraction", "data"),
        va="center",
        color=colour if rank == 2 else INK,
        weight="bold" if rank == 2 else "normal",
        annotation_clip=False,
    )


def _name_slices(axes: "Axes", selected: list[SliceVerdict]) -> None:
    axes.set_yticks(range(len(selected)), [_label(one) for one in selected])
    axes.tick_params(axis="y", length=0, labelsize=9, labelcolor=INK)
    for one, label in zip(selected, axes.get_yticklabels(), strict=True):
        if _rank(one) == 2:
            label.set(color=ACCENT, weight="bold")
    axes.grid(axis="x", color=FAINT)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)


def _label(one: SliceVerdict) -> str:
    return f"{short(one.name, LONGEST)} ({one.examples:,})"


def _summary(verdicts: SliceVerdicts) -> str:
    out = len(called_out(verdicts))
    count = sum(one.judgement is not None for one in verdicts.slices)
    if not count:
        return "No slice is large enough to be judged"
    if not out:
        return f"None of {count} slices clearly loses more than the rest"
    return f"{out} of {count} slices {'loses' if out == 1 else 'lose'} more than the rest"
