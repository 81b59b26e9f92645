"""Kedro datasets for soft-label sets: one for a staged set, one for a verified set."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview

from stillroom.errors import StillroomError
from stillroom.io.files.atomic_folder import publish, restored
from stillroom.io.files.confined_paths import project_root
from stillroom.io.files.workspace import new_workspace
from stillroom.teachers.softlabels_config import store_of

if TYPE_CHECKING:
    from stillroom.softlabels.capture.capture_set import CaptureRequest
    from stillroom.softlabels.reading.label_set import SoftLabelSet

ROWS = 20


class UnverifiedLabels(AbstractDataset["CaptureRequest", "SoftLabelSet"]):
    """A staged set: its manifest lies here, its shards in the store. `save` runs the teachers."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Create the dataset of the folder at `filepath`."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> "SoftLabelSet":
        """Open the staged set."""
        return self._opened()

    def save(self, data: "CaptureRequest") -> None:
        """Capture what the store lacks; each complete shard is stored at once."""
        import logging

        from stillroom.softlabels.capture.capture_set import capture_set

        capture_set(data, self._filepath, _progress, logging.getLogger(__name__).info)

    def _exists(self) -> bool:
        """Return whether the folder holds a complete and undamaged set."""
        try:
            # Not `load`: Kedro turns what it raises into an error of its own.
            self._opened().require_intact()
        except StillroomError:
            return False
        return True

    def _opened(self) -> "SoftLabelSet":
        from stillroom.softlabels.capture.capture_set import open_staged

        return open_staged(self._filepath, store_of(project_root()))

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class SoftLabels(UnverifiedLabels):
    """A verified set; Kedro-Viz shows its first rows as a table."""

    def load(self) -> "SoftLabelSet":
        """Open the set; each shard is read and checked when it is needed."""
        return self._opened()

    def save(self, data: "SoftLabelSet") -> None:  # type: ignore[override]
        """Publish a verified set: the whole folder appears at once."""
        from stillroom.softlabels.capture.capture_set import materialise

        folder = new_workspace(project_root(), "soft_labels")
        with store_of(project_root()).in_use():
            materialise(data, folder)
        publish(folder, self._filepath)

    def _opened(self) -> "SoftLabelSet":
        from stillroom.softlabels.reading.label_set import SoftLabelSet

        return SoftLabelSet(restored(self._filepath))

    def preview(self) -> TablePreview:
        """Return the first rows for Kedro-Viz."""
        import polars as pl

        from stillroom.io.datasets.parquet_table import preview_of

        labels = self.load()
        first = labels.manifest.members[0].shards[0]
        return preview_of(pl.DataFrame(pl.from_arrow(labels.shard_table(0, first).slice(0, ROWS))))


@contextmanager
def _progress(label: str, rows: int) -> Iterator[Callable[[int], None]]:
    from stillroom.io.progress import ticking

    with ticking(label, rows, "rows") as ticker:
        yield ticker.advance
