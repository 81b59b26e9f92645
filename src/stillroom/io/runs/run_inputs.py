"""Run inputs: a run notices when another program changes data that it wrote or reads.

    dataset saved, or first loaded ──> size and time of each file
    the same dataset loaded again, or its node done ──> compared ──> an error that names the file

A node reads many files long after Kedro has loaded their dataset, so they are compared after the
node too, before its results are saved: what a node hashes is what it parsed.
"""

from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.pipeline.node import Node

from stillroom.errors import DataError

Stamp = dict[str, tuple[int, int]]


class RunInputs:
    """Compares the files of datasets during a run."""

    def __init__(self) -> None:
        """Start with no dataset."""
        self.stamps: dict[str, Stamp] = {}
        self.catalog: Any = {}

    @hook_impl
    def before_pipeline_run(self, catalog: Any) -> None:
        """Forget the datasets of an earlier run."""
        self.stamps, self.catalog = {}, catalog

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str) -> None:
        """Compare what this run wrote or read before.

        Raises:
            DataError: names the file that another program changed.
        """
        self._compare(dataset_name)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str) -> None:
        """Note the files of a dataset; to load it can rename a folder that a kill left aside."""
        self._note(dataset_name)

    @hook_impl(tryfirst=True)
    def after_node_run(self, node: Node) -> None:
        """Compare what the node has read.

        Raises:
            DataError: as `before_dataset_loaded`.
        """
        for name in node.inputs:
            self._compare(name)

    @hook_impl(tryfirst=True)
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Note the files that were written; compare what was read, since some datasets work here.

        Raises:
            DataError: as `before_dataset_loaded`.
        """
        self.after_node_run(node)
        self.stamps.pop(dataset_name, None)
        self._note(dataset_name)

    def _note(self, name: str) -> None:
        path = self._path(name)
        if path is not None:
            self.stamps.setdefault(name, stamp_of(path))

    def _compare(self, name: str) -> None:
        path = self._path(name)
        if path is None or name not in self.stamps:
            return
        before, now = self.stamps[name], stamp_of(path)
        changed = sorted(
            file for file in before.keys() | now.keys() if before.get(file) != now.get(file)
        )
        if changed:
            raise DataError(
                f"Another program changed {path / changed[0]} while this run used it"
                f"{f', and {len(changed) - 1} more files' if changed[1:] else ''}. Run the same "
                "command again, and let no other program write to data/ meanwhile."
            )

    def _path(self, name: str) -> Path | None:
        """Return the file or folder of a dataset; None if it has none on this disk."""
        if name.startswith("params:") or name not in self.catalog:
            return None
        path = getattr(self.catalog[name], "_filepath", None)
        return None if path is None else Path(path)


def stamp_of(path: Path) -> Stamp:
    """Return size and time of change of a file, or of each file below a folder, by its name."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    stamp = {}
    for file in files:
        stat = file.stat()
        stamp["" if file == path else file.relative_to(path).as_posix()] = (
            stat.st_size,
            stat.st_mtime_ns,
        )
    return stamp
