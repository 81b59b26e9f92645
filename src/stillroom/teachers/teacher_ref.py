"""References to teachers: paths and hashes that travel between nodes, never a live model.

folder of model directories ──> TeacherRef, one per member, sorted by name
"""

from dataclasses import dataclass
from pathlib import Path

from stillroom.config.schema import Inference
from stillroom.errors import ModelError
from stillroom.models.pretrained.model_directory import (
    EXACT,
    architecture_hash,
    require_model_directory,
)
from stillroom.models.pretrained.safetensors_files import weights_hash


@dataclass(frozen=True, slots=True)
class TeacherRef:
    """A teacher on disk, and how it runs. The hashes are those of its files at that time."""

    path: Path
    weights: str
    architecture: str
    inference: Inference = EXACT


def teacher_refs(folder: Path, inference: Inference = EXACT) -> tuple[TeacherRef, ...]:
    """Return a reference to each model directory in `folder`.

    Args:
        folder: the folder of the directories.
        inference: the precision and the devices of the teachers.

    Raises:
        ModelError: there is no directory, or one of them is incomplete.
    """
    members = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not members:
        raise ModelError(f"{folder} holds no teacher. Run `kedro run --pipeline=teachers` first.")
    for path in members:
        require_model_directory(path)
    return tuple(
        TeacherRef(path, weights_hash(path), architecture_hash(path), inference) for path in members
    )
