"""`RecordsPlot`: flat records, saved as canonical JSON and shown as a figure in Kedro-Viz.

DVC's templates read the same file.
"""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import ImagePreview

from stillroom.errors import DataError
from stillroom.io.datasets.figure_preview import figure_preview
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.runs.stage_command import stage_command, stage_of

Record = dict[str, Any]


class RecordsPlot(AbstractDataset[list[Record], list[Record]]):
    """Flat records as canonical JSON: equal records, equal bytes.

    In the catalog::

        reliability:
          type: stillroom.io.datasets.records_plot.RecordsPlot
          filepath: data/07_reports/plots/reliability.json
          figure: reliability
    """

    def __init__(
        self, *, filepath: str, figure: str, metadata: dict[str, Any] | None = None
    ) -> None:
        """Stand for the file at `filepath`; `figure` is a name in `reporting.previews.FIGURES`.

        `metadata` is for plugins such as Kedro-Viz.
        """
        self._filepath = Path(filepath)
        self._figure = figure
        self.metadata = metadata

    def load(self) -> list[Record]:
        """Return the records.

        Raises:
            DatasetError: the file is missing, is not JSON, or does not hold flat records.
        """
        return self._read()

    def save(self, data: list[Record]) -> None:
        """Write the records, in their order.

        Raises:
            DatasetError: a record is nested, or holds NaN or infinity.
        """
        write_json(self._filepath, _checked(data, self._filepath, stage_of(self.metadata)))

    def preview(self) -> ImagePreview:
        """Return the image that Kedro-Viz shows."""
        return figure_preview(self._figure, self.load())

    def _read(self) -> list[Record]:
        stage = stage_of(self.metadata)
        return _checked(read_json(self._filepath, stage), self._filepath, stage)

    def _exists(self) -> bool:
        return self._filepath.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath, "figure": self._figure}


def _checked(value: object, path: Path, stage: str | None) -> list[Record]:
    if not isinstance(value, list) or not all(
        isinstance(record, dict)
        and not any(isinstance(field, dict | list) for field in record.values())
        for record in value
    ):
        raise DataError(
            f"{path} must hold a list of flat records. Run {stage_command(stage)} again."
        )
    return value
