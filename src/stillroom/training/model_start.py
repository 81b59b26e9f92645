"""The start of a student: its parameters and its teacher in, the model whose weights it gets out.

student.path ─────────────────────────> any model
student.architecture from_teacher ────> the first teacher
else ─────────────────────────────────> none: its weights are drawn from the seed
"""

from pathlib import Path

from stillroom.config.schema import PRETRAINED, Student, Teacher
from stillroom.models.pretrained.model_directory import architecture_hash
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.teachers.stored_teachers import layers_for
from stillroom.teachers.teacher import TeacherRef
from stillroom.training.job import Start


def student_start(student: Student, teacher: TeacherRef, root: Path) -> Start | None:
    """Return the model that a student starts from; None if there is none.

    Args:
        student: the section `student`.
        teacher: the first teacher.
        root: the project's folder, from which a relative `student.path` starts.

    Raises:
        ModelError: a teacher of this kind has no layers to take over, or the weights at
            `student.path` cannot be read.
    """
    if student.path is not None:
        return _start(root / student.path, student.hub_id)
    layers = layers_for(student.architecture, teacher)
    if layers is None:
        return None
    return Start(path=str(layers), weights=teacher.weights, architecture=teacher.architecture)


def teacher_start(teacher: Teacher, root: Path) -> Start | None:
    """Return the model that a teacher is fine-tuned from; None if it is trained from scratch.

    Args:
        teacher: the section `teacher`.
        root: the project's folder, from which a relative `teacher.path` starts.

    Raises:
        ModelError: the weights at `teacher.path` cannot be read.
    """
    return _start(root / teacher.path) if teacher.architecture.name == PRETRAINED else None


def _start(path: Path, hub_id: str | None = None) -> Start:
    hashes = {"weights": weights_hash(path), "architecture": architecture_hash(path)}
    return Start(path=str(path), **hashes, hub_id=hub_id)
