"""`Folder`: publish a finished workspace as a folder of the project."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset

from stillroom.errors import DataError
from stillroom.io.files.atomic_folder import publish, restored
from stillroom.io.runs.stage_command import stage_command, stage_of


class Folder(AbstractDataset[Path, Path]):
    """A folder that a node builds in a workspace and that appears here complete."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep the path of the folder and the entry's metadata."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Path:
        """Return the folder's path.

        Raises:
            DataError: it does not exist.
        """
        if not self._exists():
            command = stage_command(stage_of(self.metadata))
            raise DataError(f"{self._filepath} does not exist. Run {command} first.")
        return self._filepath

    def save(self, data: Path) -> None:
        """Replace the folder by the folder `data`."""
        publish(data, self._filepath)

    def _exists(self) -> bool:
        return restored(self._filepath).is_dir()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
