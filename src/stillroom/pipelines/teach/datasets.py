"""Kedro datasets for soft-label sets: answers in, a set out."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset
from kedro_datasets._typing import TablePreview

from stillroom.errors import SoftLabelError
from stillroom.io.workspace import publish

if TYPE_CHECKING:
    from stillroom.softlabels.capture import Answers
    from stillroom.softlabels.dataset import SoftLabelSet

ROWS = 20


class UnverifiedLabels(AbstractDataset["Answers", "SoftLabelSet"]):
    """Where a capture is written; saving runs the teachers, shard by shard."""

    def __init__(self, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Stand for the folder at `filepath`."""
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> "SoftLabelSet":
        """Open the set."""
        from stillroom.softlabels.dataset import SoftLabelSet

        return SoftLabelSet(self._filepath)

    def save(self, data: "Answers") -> None:
        """Ask the teachers and write what they answer; the manifest commits it."""
        from stillroom.io.progress import ticking
        from stillroom.softlabels.capture import write_set

        shutil.rmtree(self._filepath, ignore_errors=True)
        with ticking("asking the teachers", data.forwards, "rows") as ticker:
            write_set(data, self._filepath, ticker.advance)

    def _exists(self) -> bool:
        from stillroom.softlabels.manifest import read_manifest

        try:
            read_manifest(self._filepath)
        except SoftLabelError:
            return False
        return True

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}


class SoftLabels(UnverifiedLabels):
    """A verified set; Kedro-Viz shows its first rows as a table."""

    def save(self, data: "SoftLabelSet") -> None:  # type: ignore[override]
        """Put a set that was verified in its place, as links to the files that were verified."""
        staged = data.folder.with_name(f"{data.folder.name}.verified")
        shutil.rmtree(staged, ignore_errors=True)
        shutil.copytree(data.folder, staged, copy_function=_link)
        publish(staged, self._filepath)

    def preview(self) -> TablePreview:
        """Return the first rows for Kedro-Viz."""
        import polars as pl

        from stillroom.io.datasets.table import preview_of

        table = pl.from_arrow(self.load().table(member=0).slice(0, ROWS))
        return preview_of(pl.DataFrame(table))


def _link(source: str, target: str) -> str:
    # Nothing writes into a shard once it is there, so two names for one file are safe.
    try:
        os.link(source, target)
    except OSError:  # another filesystem, or one without hard links
        shutil.copy2(source, target)
    return target
