"""Tree: the tree of similar classes in, a dendrogram out."""

from typing import TYPE_CHECKING

from stillroom.evaluation.dark_knowledge.tree import Join, Tree
from stillroom.reporting.display_names import short
from stillroom.reporting.figures.canvas import ACCENT, FAINT, GREY, INK, Drawing
from stillroom.reporting.units import fine_percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 400
# With more leaves than this the names are too small to read: see `pruned`.
MOST_LEAVES = 40
# How many joins of the most similar classes have the accent colour and a number.
NUMBERED = 5
# Some names differ only at their end, and the tree has room for more letters.
LONGEST_NAME = 26
# Below a hundredth of a percent, differences in likeness mean nothing.
LEAST = 1e-4
_TICKS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)
_DECADES = (0.1, 0.01, 0.001, 0.0001)
_MARGIN, _ROW, _SMALL_ROW = 56, 32, 15

Point = tuple[float, float]


def tree(dendrogram: Tree) -> Drawing:
    """Return a drawing with the leaves on the left; groups that join further right are less alike.

    The axis shows the mean probability that one group gets on the other. It is logarithmic, since
    these probabilities range from a tenth to a thousandth.

    Args:
        dendrogram: a tree of 2 to `MOST_LEAVES` leaves.
    """
    count = len(dendrogram.leaves)
    likest = " and ".join(_ends(dendrogram))

    def paint(axes: "Axes") -> None:
        _set_axes(axes, dendrogram)
        for rank, (((x, y), (other_x, other_y)), at) in enumerate(_brackets(dendrogram)):
            numbered = rank < NUMBERED
            colour = ACCENT if numbered else GREY
            axes.plot([x, at, at, other_x], [y, y, other_y, other_y], color=colour, linewidth=1.2)
            if numbered:
                axes.annotate(
                    fine_percent(dendrogram.joins[rank].likeness),
                    (at, (y + other_y) / 2),
                    xytext=(3, 2),
                    textcoords="offset points",
                    color=ACCENT,
                    fontsize=8,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
                )

    height = _MARGIN + count * (_ROW if count <= 12 else _SMALL_ROW)
    description = f"Tree of {count} classes by similarity; most alike: {likest}"
    return Drawing(WIDTH, height, description, paint)


def _brackets(dendrogram: Tree) -> list[tuple[tuple[Point, Point], float]]:
    """Return the two ends of each join, and where they meet."""
    nodes: list[Point] = [(_left(dendrogram), float(row)) for row in range(len(dendrogram.leaves))]
    brackets = []
    for join in dendrogram.joins:
        ends = nodes[join.first], nodes[join.second]
        at = max(join.likeness, LEAST)
        nodes.append((at, (ends[0][1] + ends[1][1]) / 2))
        brackets.append((ends, at))
    return brackets


def _left(dendrogram: Tree) -> float:
    """Return where the leaves begin, a little to the left of the first join."""
    return min(1.0, 1.6 * max(dendrogram.joins[0].likeness, LEAST))


def _ends(dendrogram: Tree) -> list[str]:
    first: Join = dendrogram.joins[0]
    return [short(dendrogram.leaves[end]) for end in (first.first, first.second)]


def _set_axes(axes: "Axes", dendrogram: Tree) -> None:
    count, left = len(dendrogram.leaves), _left(dendrogram)
    right = max(dendrogram.joins[-1].likeness, LEAST) / 1.3
    axes.set_xscale("log")
    axes.set_xlim(left, right)
    axes.set_ylim(count - 0.4, -0.6)
    labels = [short(leaf, LONGEST_NAME) for leaf in dendrogram.leaves]
    axes.set_yticks(range(count), labels, color=INK, fontsize=10 if count <= 12 else 8)
    ticks = [tick for tick in _TICKS if right <= tick <= left]
    if len(ticks) > 5:
        ticks = [tick for tick in _DECADES if right <= tick <= left]
    axes.set_xticks(ticks, [_tick(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.grid(axis="x", color=FAINT)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("mean probability of each on the other")


def _tick(likeness: float) -> str:
    return f"{'≤' if likeness <= LEAST else ''}{fine_percent(likeness)}"
