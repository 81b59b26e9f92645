"""References to teachers: paths and hashes that travel between nodes, never a live model.

folder of model directories ──> TeacherRef, one per member, sorted by name
"""

from dataclasses import dataclass
from pathlib import Path

from stillroom.errors import ModelError
from stillroom.models.directory import architecture_hash, require_directory, weights_hash


@dataclass(frozen=True, slots=True)
class TeacherRef:
    """A teacher on disk. The hashes are those of the files at the time of reference."""

    path: Path
    weights: str
    architecture: str


def refer(folder: Path) -> tuple[TeacherRef, ...]:
    """Return a reference to each model directory in `folder`.

    Raises:
        ModelError: there is none, or one of them is incomplete.
    """
    members = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not members:
        raise ModelError(f"{folder} holds no teacher. Run `kedro run --pipeline=tutor` first.")
    for path in members:
        require_directory(path)
    return tuple(TeacherRef(path, weights_hash(path), architecture_hash(path)) for path in members)
