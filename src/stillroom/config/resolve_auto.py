"""Replace each `auto` in the parameters by the value that follows from the files on the disk.

    teachers: [...]       ──any?──────────────────────> teacher.source listed, teacher.members
    teacher.source: auto  ──a model at teacher.path?──> given | sentence | onnx | trained
                            (trained only where that is the empty folder of `params.yaml`)
    data.source: auto     ──a text at data.path?──────> corpus | topics
    data.source: auto_chat ──a file at data.path?─────> chat | help_chat
    data.text.tokenizer: teacher ──its path, where a model lies there──> path | null
    student.path: …       ──a model there?────────────> student.architecture pretrained, and its
                            tokenizer where data.text.tokenizer is `student` or null

This happens once, when the parameters are composed, so they state literally what a run did.
"""

from pathlib import Path
from typing import Any

from stillroom.config.cross_checks import check_section
from stillroom.config.model_files import (
    CONFIG,
    GGUF,
    ONNX,
    ONNX_FILE,
    instead_of_model,
    is_empty,
)
from stillroom.config.schema import FROM_TEACHER, LISTED, PRETRAINED
from stillroom.config.tokenizer_files import MODELS, VOCABULARIES
from stillroom.config.user_paths import expand_user_paths
from stillroom.errors import ConfigError
from stillroom.registry import registry_of

AUTO, TEACHERS, STUDENTS = "auto", "teacher", "student"
READ_HERE = ("data", "teacher", "teachers", "student")  # the sections that this module reads
# data.source where something lies at data.path, and where nothing does.
SOURCES = {AUTO: ("corpus", "topics"), "auto_chat": ("chat", "help_chat")}
MODULES = "modules.json"  # of sentence-transformers
GIVEN_FOLDER = Path("data/03_teachers/given")  # teacher.path, unless it is set


def resolve_auto(parameters: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return the parameters with a value in place of every `auto`.

    Args:
        parameters: composed, not checked yet.
        root: the project's folder; relative paths start there.

    Raises:
        ConfigError: a value is of the wrong type, or teacher.path is set, but no model lies there.
    """
    for section in READ_HERE:  # `check` sees the parameters only when there is no `auto` in them
        check_section(parameters, section)
    parameters = expand_user_paths(parameters)
    data, teacher = dict(parameters["data"]), dict(parameters["teacher"])
    listed = parameters["teachers"]
    if listed:
        teacher |= {"source": LISTED, "members": len(listed)}
    elif teacher.get("source") == AUTO:
        teacher |= _teacher_at(root, teacher)
    if _starts_from_path(teacher.get("source")):
        teacher["architecture"] = {"name": PRETRAINED, "options": {}}
    if data.get("source") in SOURCES:
        at_path, otherwise = SOURCES[data["source"]]
        data["source"] = at_path if _holds(root / data["path"], ("[!.]*",)) else otherwise
    text = dict(data["text"])
    if text.get("tokenizer") == TEACHERS:
        text["tokenizer"] = _tokenizer_of(listed or [teacher], root)
    student = _student(dict(parameters["student"]), root)
    if text.get("tokenizer") in (None, STUDENTS):
        text["tokenizer"] = _tokenizer_of_student(student.get("path"), text.get("tokenizer"), root)
    return parameters | {"data": data | {"text": text}, "teacher": teacher, "student": student}


def _teacher_at(root: Path, teacher: dict[str, Any]) -> dict[str, Any]:
    """Return the teacher's source and the number of members; a path holds one member."""
    path = root / teacher["path"]
    if not path.is_dir():
        return {"source": "onnx" if path.suffix == ONNX else "given", "members": 1}
    if (path / CONFIG).is_file() or any(path.glob(f"*{GGUF}")):
        return {"source": "sentence" if (path / MODULES).is_file() else "given", "members": 1}
    if (path / ONNX_FILE).is_file():
        return {"source": "onnx", "members": 1}
    if path == root / GIVEN_FOLDER and is_empty(path):
        return {"source": "trained", "members": teacher.get("members")}
    raise ConfigError(
        f"teacher.path {teacher['path']} {instead_of_model(path)} To train a teacher here, set "
        "teacher.source=trained."
    )


def _student(student: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return the student; one that starts from a model has its architecture."""
    path = student.get("path")
    if path is None:
        return student
    if student["architecture"]["name"] == FROM_TEACHER:
        raise ConfigError(
            f"student.path is {path}, but student.architecture.name is {FROM_TEACHER}: a student "
            "starts from one model. Remove student.path, or choose another student."
        )
    if not (root / path / CONFIG).is_file():
        raise ConfigError(f"student.path {path} {instead_of_model(root / path)}")
    return student | {"architecture": {"name": PRETRAINED, "options": {}}}


def _tokenizer_of_student(path: str | None, configured: str | None, root: Path) -> str | None:
    """Return the folder of a pretrained student, if a tokenizer lies there, else None."""
    if path is None:
        if configured is not None:
            raise ConfigError(
                "data.text.tokenizer is student, but student.path is null. Set student.path to a "
                "model, or data.text.tokenizer to a folder with a tokenizer."
            )
        return None
    has_one = any(any((root / path).glob(name)) for name in (*VOCABULARIES, MODELS))
    return path if has_one else None


def _tokenizer_of(teachers: list[dict[str, Any]], root: Path) -> str | None:
    """Return where the tokenizer of the first teacher with a path lies; None if none has one."""
    for teacher in teachers:
        given = teacher.get("path")
        if isinstance(given, str) and _lies_at_path(teacher.get("source")):
            is_beside = not given.endswith(GGUF) and (root / given).is_file()
            return str(Path(given).parent) if is_beside else given
    return None


def _lies_at_path(source: object) -> bool:
    """Tell whether teachers of a kind lie at a path; an unknown kind is refused later."""
    registry = registry_of("teachers")
    if not isinstance(source, str) or source not in registry:
        return True
    kind = registry.load(source)
    return bool(kind.has_path and (kind.starts_from_path or not kind.trains))


def _starts_from_path(source: object) -> bool:
    """Tell whether a kind trains the model at its path further."""
    registry = registry_of("teachers")
    known = isinstance(source, str) and source in registry
    return bool(known and registry.load(str(source)).starts_from_path)


def _holds(path: Path, patterns: tuple[str, ...]) -> bool:
    """Tell whether a path is a file, or a folder with a file that matches one of the patterns.

    A path that does not exist counts too: the code that reads it reports that it is missing.
    """
    if not path.is_dir():
        return True
    return any(True for pattern in patterns for _ in path.glob(pattern))
