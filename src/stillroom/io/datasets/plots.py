"""Plots: flat records in, canonical JSON out, and a Plotly figure for Kedro-Viz.

The file is what DVC's templates read: a list of flat records. The figure is built by hand, as
the plain dict that plotly.js takes, so plotly itself is not needed.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import PlotlyPreview

from stillroom.errors import ConfigError, DataError, nearest
from stillroom.io.documents import read_json, write_json

Record = dict[str, Any]
Figure = dict[str, Any]

ACCENT = "#a8501f"
GREYS = ("#57606a", "#8c959f", "#32383f", "#afb8c1")
DASHES = ("dash", "dot", "dashdot")
WHITE_TO_ACCENT = [[0, "#ffffff"], [1, ACCENT]]


class RecordsPlot(AbstractDataset[list[Record], list[Record]]):
    """Flat records, as JSON that is canonical to the byte.

    In the catalog::

        reliability:
          type: stillroom.io.datasets.plots.RecordsPlot
          filepath: data/07_reports/plots/reliability.json
          kind: reliability          # curves | reliability | confusion | similarity
    """

    def __init__(self, *, filepath: str, kind: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where the file lies; `metadata` is for plugins such as Kedro-Viz.

        Raises:
            ConfigError: there is no such kind of plot.
        """
        if kind not in FIGURES:
            raise ConfigError(
                f"{kind} is not a kind of plot.{nearest(kind, list(FIGURES))} "
                f"Allowed: {', '.join(FIGURES)}."
            )
        self._filepath = Path(filepath)
        self._kind = kind
        self.metadata = metadata

    def load(self) -> list[Record]:
        """Return the records.

        Raises:
            DatasetError: the file is missing, is not JSON, or does not hold flat records.
        """
        return _checked(read_json(self._filepath), self._filepath)

    def save(self, data: list[Record]) -> None:
        """Write the records, in their order.

        Raises:
            DatasetError: a record is nested, or holds NaN or infinity.
        """
        write_json(self._filepath, _checked(data, self._filepath))

    def preview(self) -> PlotlyPreview:
        """Return the figure that Kedro-Viz draws."""
        records = _checked(read_json(self._filepath), self._filepath)
        return PlotlyPreview(FIGURES[self._kind](records))

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "kind": self._kind}


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


FIGURES: dict[str, Callable[[list[Record]], Figure]] = {
    "curves": _curves,
    "reliability": _reliability,
    "confusion": _confusion,
    "similarity": _similarity,
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


def _checked(value: object, path: Path) -> list[Record]:
    if not isinstance(value, list) or not all(
        isinstance(record, dict)
        and not any(isinstance(field, dict | list) for field in record.values())
        for record in value
    ):
        raise DataError(f"{path} must hold a list of flat records. Run the stage that writes it.")
    return value
