"""Tables as Parquet files: save a polars frame, load a handle that reads it when needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview

from stillroom.io.files.atomic_folder import publish, restored
from stillroom.io.runs.stage_command import stage_of
from stillroom.io.tables import TableFile, write_table

if TYPE_CHECKING:
    import polars as pl

ROWS = 20


class Table(AbstractDataset[Any, TableFile]):
    """A Parquet table; Kedro-Viz shows its first rows."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Keep the path of the file and the entry's metadata."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> TableFile:
        """Return a handle; its `read()` gives the polars frame."""
        return TableFile(self._filepath, stage_of(self.metadata))

    def save(self, data: "pl.DataFrame") -> None:
        """Write the frame."""
        write_table(data, self._filepath)

    def preview(self) -> TablePreview:
        """Return the first rows for Kedro-Viz."""
        return preview_of(self.load().read().head(ROWS))

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class PartedTable(Table):
    """A Parquet table in several files of a folder, which a node writes to a workspace first."""

    def load(self) -> TableFile:
        """Return a handle; if a kill left only the old folder, rename it back first."""
        return TableFile(restored(self._filepath), stage_of(self.metadata))

    def save(self, data: Path) -> None:  # type: ignore[override]
        """Replace the folder by the folder `data`."""
        publish(data, self._filepath)

    def _exists(self) -> bool:
        return restored(self._filepath).is_dir()


def preview_of(frame: "pl.DataFrame") -> TablePreview:
    """Return rows as readable text: bytes as hexadecimal, long values cut."""
    rows = [[preview_value(value) for value in row] for row in frame.rows()]
    return TablePreview({"index": list(range(len(rows))), "columns": frame.columns, "data": rows})


def preview_value(value: object) -> object:
    """Return a value in a form that Kedro-Viz can show."""
    if isinstance(value, bytes):
        return value.hex() if len(value) <= 16 else f"{len(value)} bytes"
    if isinstance(value, list):
        texts = [f"{item:.4g}" if isinstance(item, float) else str(item) for item in value[:10]]
        return ", ".join(texts) + (", …" if len(value) > 10 else "")
    return round(value, 4) if isinstance(value, float) else value
