"""Tables: a polars frame in, Parquet on disk, and a handle out that is read where it is needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview

from stillroom.io.files.workspace import publish, restored
from stillroom.io.tables import TableFile, write_table

if TYPE_CHECKING:
    import polars as pl

ROWS = 20


class Table(AbstractDataset[Any, TableFile]):
    """A Parquet table; Kedro-Viz shows its first rows."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Stand for the file at `filepath`."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> TableFile:
        """Return a handle; its `read()` gives the polars frame."""
        return TableFile(self._filepath)

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
    """A Parquet table in a folder of files that a node wrote elsewhere, cut where parts change."""

    def load(self) -> TableFile:
        """Return a handle; what a kill left aside is put back in its place."""
        return TableFile(restored(self._filepath))

    def save(self, data: Path) -> None:  # type: ignore[override]
        """Move the folder `data` here, in place of what was here."""
        publish(data, self._filepath)

    def _exists(self) -> bool:
        return restored(self._filepath).is_dir()


def preview_of(frame: "pl.DataFrame") -> TablePreview:
    """Return rows as text that a person can read: bytes as hexadecimal, long values cut."""
    rows = [[shown(value) for value in row] for row in frame.rows()]
    return TablePreview({"index": list(range(len(rows))), "columns": frame.columns, "data": rows})


def shown(value: object) -> object:
    """Return a value as Kedro-Viz can show it."""
    if isinstance(value, bytes):
        return value.hex() if len(value) <= 16 else f"{len(value)} bytes"
    if isinstance(value, list):
        texts = [f"{item:.4g}" if isinstance(item, float) else str(item) for item in value[:10]]
        return ", ".join(texts) + (", …" if len(value) > 10 else "")
    return round(value, 4) if isinstance(value, float) else value
