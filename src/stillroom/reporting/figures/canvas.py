"""Canvas: a painter in; an SVG element for the page, or a PNG image for Kedro-Viz, out.

    painter(axes) ──matplotlib's Figure──┬──> SVG ──own ids, no fixed size──> inline SVG
                                         └──> PNG

The bytes of an SVG depend only on the records: it has no date and no random ids, uses no state of
pyplot, and measures text in the font that ships with matplotlib. Text stays text, so it can be read
and copied.
"""

import io
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib

from stillroom.io.printable import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ACCENT = "#a8501f"
INK = "#24292f"
GREY = "#6e7781"
LIGHT = "#d0d7de"
FAINT = "#eef1f4"

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "stillroom",
    "font.family": "DejaVu Sans",  # ships with matplotlib: text measures the same everywhere
    "font.size": 10,
    "text.parse_math": False,  # a class may be called "$5$"
    "text.color": INK,
    "axes.edgecolor": LIGHT,
    "axes.labelcolor": GREY,
    "axes.labelsize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "xtick.color": LIGHT,
    "ytick.color": LIGHT,
    "xtick.labelcolor": GREY,
    "ytick.labelcolor": GREY,
    "axes.formatter.use_mathtext": False,
    "axes.unicode_minus": False,
}

_POINTS_PER_INCH = 72


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A figure that can become an SVG for the page or a PNG for Kedro-Viz.

    Attributes:
        width: the width in units of the drawing, where text is 10 high; the page scales it.
        height: the height in the same units.
        description: what the figure shows, for a reader who cannot see it.
        painter: draws on one pair of axes.
    """

    width: int
    height: int
    description: str
    painter: Callable[["Axes"], None]

    def svg(self, name: str) -> str:
        """Return an SVG element; `name` keeps its ids apart from those of other figures."""
        stream = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        _save([self], stream, format="svg", metadata=nothing, transparent=True)
        return _inline(stream.getvalue(), name, self.description)


def blank(text: str) -> Drawing:
    """Return a drawing that says why there is nothing to draw."""

    def paint(axes: "Axes") -> None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, text, ha="center", va="center", color=GREY)

    return Drawing(360, 60, text, paint)


def png(drawings: Sequence[Drawing]) -> bytes:
    """Return one PNG image with the drawings side by side."""
    stream = io.BytesIO()
    _save(drawings, stream, format="png", dpi=2 * _POINTS_PER_INCH, metadata={"Software": None})
    return stream.getvalue()


def _save(drawings: Sequence[Drawing], stream: io.StringIO | io.BytesIO, **options: Any) -> None:
    from matplotlib.figure import Figure

    size = sum(one.width for one in drawings), max(one.height for one in drawings)
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # The reader's browser has the fonts of other scripts; the machine that draws may not.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(
            figsize=(size[0] / _POINTS_PER_INCH, size[1] / _POINTS_PER_INCH), layout="constrained"
        )
        panels = figure.subplots(1, len(drawings), squeeze=False)[0]
        for drawing, axes in zip(drawings, panels, strict=True):
            drawing.painter(axes)
        figure.savefig(stream, **options)


def _inline(svg: str, name: str, description: str) -> str:
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    # Two figures may hold equal shapes, which matplotlib gives equal ids; a page must not.
    # Text is no tag, since matplotlib escapes its brackets: a class may be called `url(#x)`.
    body = re.sub("<[^<>]+>", lambda tag: _own_ids(tag.group(), name), body)
    start = body[: body.index(">") + 1]
    view_box = re.search(r'viewBox="[^"]+"', start)
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" {view_box.group() if view_box else ""}'
    label = printable(description).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    xlink = ' xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f'{opening}{xlink} role="img" aria-label="{label}">{body[len(start) :]}'.strip()


def _own_ids(tag: str, name: str) -> str:
    return re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", tag)
