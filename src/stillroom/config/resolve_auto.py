"""Replace each `auto` in the parameters by the value that follows from the files on the disk.

    teachers: [...]       ──any?──────────────────────> teacher.source listed, teacher.members
    teacher.source: auto  ──a model at teacher.path?──> given | sentence | onnx | trained
    data.source: auto     ──a text at data.path?──────> corpus | topics
    data.text.tokenizer: teacher ──its path, where a model lies there──> path | null

This happens once, when the parameters are composed, so they state literally what a run did.
"""

from pathlib import Path
from typing import Any

from stillroom.config.schema import LISTED
from stillroom.errors import DataError
from stillroom.io.json.json_files import read_json

AUTO, TEACHERS = "auto", "teacher"
CONFIG, MODULES = "config.json", "modules.json"  # the second is of sentence-transformers
ONNX = ".onnx"
MODEL_FILES = (CONFIG, "*.gguf")
HEADLESS = "Model"  # how the names of such architectures end, as of BertModel


def resolve_auto(parameters: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return the parameters with a value in place of every `auto`.

    Args:
        parameters: composed, not checked yet.
        root: the project's folder; relative paths start there.
    """
    data, teacher = dict(parameters["data"]), dict(parameters["teacher"])
    listed = parameters.get("teachers") or []
    if listed:
        teacher |= {"source": LISTED, "members": len(listed)}
    elif teacher.get("source") == AUTO:
        teacher |= _teacher_at(root / teacher["path"], teacher)
    if data.get("source") == AUTO:
        data["source"] = "corpus" if _holds(root / data["path"], ("[!.]*",)) else "topics"
    text = dict(data["text"])
    if text.get("tokenizer") == TEACHERS:
        text["tokenizer"] = _tokenizer_of(teacher, listed)
    return parameters | {"data": data | {"text": text}, "teacher": teacher}


def _teacher_at(path: Path, teacher: dict[str, Any]) -> dict[str, Any]:
    """Return the teacher's source and the number of members; a path holds one member."""
    if not _holds(path, MODEL_FILES):
        return {"source": "trained", "members": teacher.get("members")}
    if path.suffix == ONNX:
        return {"source": "onnx", "members": 1}
    return {"source": "sentence" if _is_headless(path) else "given", "members": 1}


def _tokenizer_of(teacher: dict[str, Any], listed: list[dict[str, Any]]) -> str | None:
    """Return the path of the teacher whose tokenizer cuts the texts; None if one is trained."""
    if teacher["source"] == LISTED:
        return next((str(one["path"]) for one in listed if one.get("path")), None)
    return None if teacher["source"] == "trained" else str(teacher["path"])


def _is_headless(path: Path) -> bool:
    """Tell whether a folder holds an encoder without an output layer."""
    if (path / MODULES).is_file():
        return True
    try:
        config = read_json(path / CONFIG)
    except (DataError, OSError):  # the code that loads the model reports the error
        return False
    names = config.get("architectures") if isinstance(config, dict) else None
    return isinstance(names, list) and bool(names) and str(names[0]).endswith(HEADLESS)


def _holds(path: Path, patterns: tuple[str, ...]) -> bool:
    """Tell whether a path is a file, or a folder with a file that matches one of the patterns.

    A path that does not exist counts too: the code that reads it reports that it is missing.
    """
    if not path.is_dir():
        return True
    return any(True for pattern in patterns for _ in path.glob(pattern))
