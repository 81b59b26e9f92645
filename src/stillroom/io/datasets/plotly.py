"""Plotly: flat records of a plot, or a document, in, the figure that Kedro-Viz draws out.

Figures are built by hand, as the plain dict that plotly.js takes, so plotly itself is not needed.
"""

from collections.abc import Callable
from typing import Any

from stillroom.errors import ConfigError, nearest

Record = dict[str, Any]
Figure = dict[str, Any]

ACCENT = "#a8501f"
GREYS = ("#57606a", "#8c959f", "#32383f", "#afb8c1")
DASHES = ("dash", "dot", "dashdot")
WHITE_TO_ACCENT = [[0, "#ffffff"], [1, ACCENT]]


def require_kind(kind: str, kinds: dict[str, Callable[[Any], Figure]]) -> Callable[[Any], Figure]:
    """Return what draws a kind of figure.

    Raises:
        ConfigError: there is no such kind.
    """
    if kind not in kinds:
        raise ConfigError(
            f"{kind} is not a kind of plot.{nearest(kind, list(kinds))} "
            f"Allowed: {', '.join(kinds)}."
        )
    return kinds[kind]


def _curves(records: list[Record]) -> Figure:
    traces = [
        _line(model, index, _column(rows, "epoch"), _column(rows, "validation_nll"))
        for index, (model, rows) in enumerate(_by_model(records).items())
    ]
    return _figure(traces, "epoch", "validation NLL, nats")


def _reliability(records: list[Record]) -> Figure:
    traces = [
        _line(model, index, _column(rows, "confidence"), _column(rows, "accuracy"))
        for index, (model, rows) in enumerate(_by_model(records).items())
    ]
    diagonal = {
        "type": "scatter",
        "mode": "lines",
        "name": "calibrated",
        "x": [0, 1],
        "y": [0, 1],
        "line": {"color": "#d0d7de", "dash": "dot"},
    }
    return _figure([diagonal, *traces], "confidence", "accuracy")


def _confusion(records: list[Record]) -> Figure:
    # One model fills the frame: the student, or the last where there is none of that name.
    groups = _by_model(records)
    model = "student" if "student" in groups else next(reversed(groups), "")
    rows = groups[model] if groups else []
    names = list(dict.fromkeys(name for row in rows for name in (row["actual"], row["predicted"])))
    names.sort(key=_number_then_text)
    counts = {(actual, predicted): 0 for actual in names for predicted in names}
    for row in rows:
        counts[row["actual"], row["predicted"]] += 1
    grid = [[counts[actual, predicted] for predicted in names] for actual in names]
    return _heat_map(names, grid, f"predicted by the {model}", "actual")


def _similarity(records: list[Record]) -> Figure:
    names = list(dict.fromkeys(record["actual"] for record in records))
    cells = {(record["actual"], record["looks_like"]): record["probability"] for record in records}
    grid = [[cells.get((actual, other)) for other in names] for actual in names]
    return _heat_map(names, grid, "looks to the teacher like", "actual")


def _family(records: list[Record]) -> Figure:
    """Return quality over size, the Pareto front as a line."""
    front = sorted((row for row in records if row["front"]), key=lambda row: row["parameters"])
    traces = [
        _points("on the front", front, ACCENT, "lines+markers+text"),
        _points("others", [row for row in records if not row["front"]], GREYS[0], "markers+text"),
    ]
    measure = records[0]["measure"] if records else "quality"
    figure = _figure(traces, "parameters", measure)
    figure["layout"]["xaxis"]["type"] = "log"
    return figure


def _slices(document: Any) -> Figure:
    """Return what the student loses on each slice, with its interval where it is judged."""
    known = [one for one in document["slices"] if one["means"]]
    traces = []
    kinds = (("more than the rest", ACCENT, True), ("slice", GREYS[0], False))
    for name, colour, is_called in kinds:
        some = [one for one in known if _is_called(one) == is_called]
        means = [one["means"]["loss"] for one in some]
        ends = [one["judgement"]["loss"] if one["judgement"] else None for one in some]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": means,
                "y": [one["name"] for one in some],
                "marker": {"color": colour},
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [end["high"] - end["value"] if end else 0 for end in ends],
                    "arrayminus": [end["value"] - end["low"] if end else 0 for end in ends],
                },
            }
        )
    figure = _figure(traces, f"{document['measure']} lost to the teacher", "")
    figure["layout"]["yaxis"] |= {"type": "category", "automargin": True}
    return figure


def _is_called(one: Any) -> bool:
    return bool(one["judgement"] and one["judgement"]["is_called_out"])


def _tree(document: Any) -> Figure:
    """Return the classes joined by how alike the teachers find them."""
    found = document["knowledge"]["tree"] if document else {"leaves": [], "joins": []}
    places = [(0.0, float(row)) for row in range(len(found["leaves"]))]
    x: list[float | None] = []
    y: list[float | None] = []
    for join in found["joins"]:
        (near, above), (other, below) = places[join["first"]], places[join["second"]]
        at = 1 - join["likeness"]
        places.append((at, (above + below) / 2))
        x += [near, at, at, other, None]
        y += [above, above, below, below, None]
    trace = {"type": "scatter", "mode": "lines", "x": x, "y": y, "line": {"color": ACCENT}}
    figure = _figure([trace], "1 - mean probability of each on the other", "")
    rows = list(range(len(found["leaves"])))
    figure["layout"]["yaxis"] |= {"tickvals": rows, "ticktext": found["leaves"]}
    return figure


FIGURES: dict[str, Callable[[Any], Figure]] = {
    "curves": _curves,
    "reliability": _reliability,
    "confusion": _confusion,
    "similarity": _similarity,
    "family": _family,
}
DOCUMENTS: dict[str, Callable[[Any], Figure]] = {"slices": _slices, "tree": _tree}


def _points(name: str, rows: list[Record], colour: str, mode: str) -> Figure:
    return {
        "type": "scatter",
        "mode": mode,
        "name": name,
        "x": _column(rows, "parameters"),
        "y": _column(rows, "quality"),
        "text": _column(rows, "model"),
        "textposition": "top center",
        "marker": {"color": colour},
        "line": {"color": colour},
    }


def _line(model: str, index: int, x: list[Any], y: list[Any]) -> Figure:
    colour = ACCENT if model == "student" else GREYS[index % len(GREYS)]
    dash = "solid" if model == "student" else DASHES[index % len(DASHES)]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": model,
        "x": x,
        "y": y,
        "line": {"color": colour, "dash": dash},
    }


def _heat_map(names: list[str], grid: list[list[Any]], x_title: str, y_title: str) -> Figure:
    trace = {
        "type": "heatmap",
        "x": names,
        "y": names,
        "z": grid,
        "colorscale": WHITE_TO_ACCENT,
        "texttemplate": "%{z}",
    }
    figure = _figure([trace], x_title, y_title)
    # Without the type, plotly.js takes classes named "0" to "9" for numbers.
    figure["layout"]["xaxis"]["type"] = "category"
    figure["layout"]["yaxis"] |= {"type": "category", "autorange": "reversed"}
    return figure


def _figure(traces: list[Figure], x_title: str, y_title: str) -> Figure:
    layout = {"xaxis": {"title": {"text": x_title}}, "yaxis": {"title": {"text": y_title}}}
    return {"data": traces, "layout": layout}


def _by_model(records: list[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["model"], []).append(record)
    return groups


def _column(rows: list[Record], name: str) -> list[Any]:
    return [row[name] for row in rows]


def _number_then_text(name: str) -> tuple[bool, float, str]:
    return (not name.isdecimal(), float(name) if name.isdecimal() else 0.0, name)
