"""Canvas: a drawing function in, an SVG element for an HTML page out.

    draw(axes) ──matplotlib's Figure──> SVG ──own ids, no fixed size──> inline SVG

The bytes depend on nothing but the records: no date, no random ids, no state of pyplot, and the
font that ships with matplotlib to measure text. Text stays text, so it can be read and copied.
"""

import io
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import matplotlib

from stillroom.reporting.display_names import printable

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


def draw(
    name: str, width: int, height: int, description: str, painter: Callable[["Axes"], None]
) -> str:
    """Return the SVG that `painter` draws on one pair of axes.

    Args:
        name: tells the ids of this figure from those of the others on the page.
        width: in units of the drawing, where text is 10 high; the page scales it.
        height: in the same units.
        description: what one sees, for those who do not.
        painter: draws.
    """
    from matplotlib.figure import Figure

    stream = io.StringIO()
    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        # The page's reader has the fonts for other scripts; the machine that draws may not.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(
            figsize=(width / _POINTS_PER_INCH, height / _POINTS_PER_INCH), layout="constrained"
        )
        painter(figure.add_subplot())
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(stream, format="svg", metadata=nothing, transparent=True)
    return _inline(stream.getvalue(), name, description)


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
