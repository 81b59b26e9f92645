"""Stored teachers: the folder of all members in, a reference to each out; opened where they run.

    folder of members ──teacher_refs──> TeacherRef, one per member, by number
    TeacherRef ──open_teacher──> Teacher

References travel between nodes; an open teacher never does.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.config.schema import FROM_TEACHER, Architecture, Inference
from stillroom.data.encoders import Encoder
from stillroom.errors import ModelError
from stillroom.io.json.json_files import read_json, write_json
from stillroom.models.pretrained.model_directory import EXACT
from stillroom.teachers.plug_in_code import plug_in_code
from stillroom.teachers.teacher import CaptureSettings, Teacher, TeacherRef
from stillroom.teachers.teacher_kind import Served, TeacherKind
from stillroom.teachers.teacher_registry import REGISTRY

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FILE = "teacher.json"
DIRECTORY = "given"  # the kind of a folder without teacher.json


def teacher_refs(folder: Path, inference: Inference = EXACT) -> tuple[TeacherRef, ...]:
    """Return a reference to each teacher in `folder`.

    Args:
        folder: the folder of the members.
        inference: the precision and the devices of the teachers.

    Raises:
        ModelError: there is no teacher, or one of them is incomplete.
    """
    paths = [path for path in folder.iterdir() if path.is_dir()] if folder.is_dir() else []
    members = sorted(paths, key=lambda path: (len(path.name), path.name))  # 2 before 10
    if not members:
        raise ModelError(f"{folder} holds no teacher. Run `kedro run --pipeline=teachers` first.")
    return tuple(
        TeacherRef(path, source_of(path), kind_of(path).identity(path), inference)
        for path in members
    )


def open_teacher(ref: TeacherRef, how: CaptureSettings, encoder: Encoder) -> Teacher:
    """Open a teacher, in the precision and on the devices of its reference.

    Args:
        ref: the teacher.
        how: the settings of the capture.
        encoder: the encoder of the examples; the teacher must have its classes or tokens.

    Raises:
        ModelError: the files changed since the reference was made, or cannot be opened, or the
            teacher has other classes or tokens.
    """
    kind = kind_of(ref.path)
    if kind.identity(ref.path) != ref.identity:
        raise ModelError(f"{ref.path} changed while it was in use. Run the stage again.")
    packages = plug_in_code(REGISTRY, ref.source)
    return kind.open(ref, replace(how, packages=packages), encoder)


def served(folder: Path, inference: Inference) -> Served:
    """Open a stored teacher, or a student, to measure its cost.

    Raises:
        ModelError: the model cannot be opened.
    """
    return kind_of(folder).serve(folder, inference)


def live_module(folder: Path, inference: Inference) -> "PreTrainedModel":
    """Load a stored teacher to run it within a training step.

    Raises:
        ModelError: a teacher of this kind cannot run there, or cannot be loaded.
    """
    return kind_of(folder).module(folder, inference)


def layers_for(architecture: Architecture, ref: TeacherRef) -> Path | None:
    """Return the model directory whose layers a student starts from; None if it starts from none.

    Args:
        architecture: the student's.
        ref: its teacher.

    Raises:
        ModelError: a teacher of this kind has no layers that a student could take over.
    """
    if architecture.name != FROM_TEACHER:
        return None
    if not kind_of(ref.path).is_model:
        raise ModelError(
            f"student.architecture is from_teacher, but a teacher of the kind {ref.source} has no "
            "layers that a student could take over. Choose another architecture."
        )
    return ref.path


def member_folder(ensemble: Path, number: int) -> Path:
    """Return the folder of a member of an ensemble."""
    return ensemble / f"member_{number}"


def mark_kind(folder: Path, source: str) -> None:
    """Write which kind opens a folder; model directories of built-in kinds need no mark."""
    if source not in REGISTRY.builtin or not REGISTRY.load(source).is_model:
        write_json(folder / FILE, {"source": source})


def kind_of(folder: Path) -> TeacherKind:
    """Return the kind that opens the folder of a member.

    Raises:
        ConfigError: no kind of this name is installed.
        ModelError: the mark of the folder is damaged.
    """
    return REGISTRY.load(source_of(folder))()


def source_of(folder: Path) -> str:
    """Return the name of the kind of a stored teacher.

    Raises:
        ModelError: the mark of the folder is damaged.
    """
    if not (folder / FILE).is_file():
        return DIRECTORY
    document = read_json(folder / FILE)
    source = document.get("source") if isinstance(document, dict) else None
    if not isinstance(source, str):
        raise ModelError(
            f'{folder / FILE} is damaged: it must hold {{"source": "<kind>"}}. Run '
            "`kedro run --pipeline=teachers` again."
        )
    return source
