"""`Folder`: a finished workspace in, its path in the project out."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from stillroom.errors import DataError
from stillroom.io.files.workspace import publish, restored


class Folder(AbstractDataset[Path, Path]):
    """A folder that a node built elsewhere and that appears here whole."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Stand for the folder at `filepath`."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Path:
        """Return the folder's path.

        Raises:
            DataError: it does not exist.
        """
        if not self._exists():
            raise DataError(f"{self._filepath} does not exist. Run the stage that writes it first.")
        return self._filepath

    def save(self, data: Path) -> None:
        """Move the folder `data` here, in place of what was here."""
        publish(data, self._filepath)

    def _exists(self) -> bool:
        return restored(self._filepath).is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
