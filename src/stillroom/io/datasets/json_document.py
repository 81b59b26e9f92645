"""`Document`: JSON, written canonically and atomically. `Page`: text, written atomically.

Kedro-Viz shows a `FigureDocument` as an image.
"""

import json
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import ImagePreview, JSONPreview

from stillroom.io.datasets.figure_preview import figure_preview
from stillroom.io.files.atomic_file import write_text
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.runs.stage_command import stage_of


class Document(AbstractDataset[Any, Any]):
    """A JSON document; Kedro-Viz shows it as JSON."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep the path of the file and the entry's metadata."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Any:
        """Read the document."""
        return read_json(self._filepath, stage_of(self.metadata))

    def save(self, data: Any) -> None:
        """Write the document."""
        write_json(self._filepath, data)

    def preview(self) -> JSONPreview:
        """Return the document for Kedro-Viz."""
        return JSONPreview(json.dumps(self.load()))

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class FigureDocument(Document):
    """A JSON document that Kedro-Viz shows as an image.

    In the catalog::

        slices:
          type: stillroom.io.datasets.json_document.FigureDocument
          filepath: data/07_reports/slices.json
          figure: slices
    """

    def __init__(self, filepath: str, figure: str, metadata: dict[str, Any] | None = None) -> None:
        """Stand for the file at `filepath`; `figure` is a name in `reporting.previews.FIGURES`."""
        super().__init__(filepath, metadata)
        self._figure = figure

    def preview(self) -> ImagePreview:
        """Return the image that Kedro-Viz shows."""
        return figure_preview(self._figure, self.load())


class Page(AbstractDataset[str, str]):
    """A text file, such as an HTML page."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep the path of the file and the entry's metadata."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> str:
        """Read the text."""
        return self._filepath.read_text(encoding="utf-8")

    def save(self, data: str) -> None:
        """Write the text."""
        write_text(self._filepath, data)

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
