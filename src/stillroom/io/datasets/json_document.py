"""`Document`: JSON, written canonically and atomically. `Page`: text, written atomically.

A `FigureDocument` is one that Kedro-Viz draws.
"""

import json
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview, PlotlyPreview

from stillroom.io.datasets.plotly import DOCUMENTS, require_kind
from stillroom.io.files.atomic import write_text
from stillroom.io.json.json_files import read_json, write_json


class Document(AbstractDataset[Any, Any]):
    """A JSON document; Kedro-Viz shows it as JSON."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Stand for the file at `filepath`."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Any:
        """Read the document."""
        return read_json(self._filepath)

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
    """A JSON document that Kedro-Viz shows as a figure.

    In the catalog::

        slices:
          type: stillroom.io.datasets.json_document.FigureDocument
          filepath: data/07_reports/slices.json
          kind: slices               # slices | tree
    """

    def __init__(self, filepath: str, kind: str, metadata: dict[str, Any] | None = None) -> None:
        """Stand for the file at `filepath`.

        Raises:
            ConfigError: there is no such kind of figure.
        """
        super().__init__(filepath, metadata)
        self._draw = require_kind(kind, DOCUMENTS)

    def preview(self) -> PlotlyPreview:
        """Return the figure that Kedro-Viz draws."""
        return PlotlyPreview(self._draw(self.load()))


class Page(AbstractDataset[str, str]):
    """A text file, such as an HTML page."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Stand for the file at `filepath`."""
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
