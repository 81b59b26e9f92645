"""`Document`: JSON, written canonically and atomically. `Page`: text, written atomically."""

import json
from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import JSONPreview

from stillroom.io.atomic import write_text
from stillroom.io.documents import read_json, write_json


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
