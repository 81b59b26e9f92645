"""Plots: flat records in, canonical JSON out, and a Plotly figure for Kedro-Viz.

The file is what DVC's templates read: a list of flat records.
"""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import PlotlyPreview

from stillroom.errors import DataError
from stillroom.io.datasets.plotly import FIGURES, Record, require_kind
from stillroom.io.json.json_files import read_json, write_json


class RecordsPlot(AbstractDataset[list[Record], list[Record]]):
    """Flat records, as JSON that is canonical to the byte.

    In the catalog::

        reliability:
          type: stillroom.io.datasets.records_plot.RecordsPlot
          filepath: data/07_reports/plots/reliability.json
          kind: reliability          # curves | reliability | confusion | similarity | family
    """

    def __init__(self, *, filepath: str, kind: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep where the file lies; `metadata` is for plugins such as Kedro-Viz.

        Raises:
            ConfigError: there is no such kind of plot.
        """
        self._draw = require_kind(kind, FIGURES)
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
        return PlotlyPreview(self._draw(records))

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "kind": self._kind}


def _checked(value: object, path: Path) -> list[Record]:
    if not isinstance(value, list) or not all(
        isinstance(record, dict)
        and not any(isinstance(field, dict | list) for field in record.values())
        for record in value
    ):
        raise DataError(f"{path} must hold a list of flat records. Run the stage that writes it.")
    return value
