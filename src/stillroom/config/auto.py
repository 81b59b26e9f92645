"""Auto: values that follow from what lies on the disk in, what they stand for out.

    teacher.source: auto  ──a model at teacher.path?──> given | trained
    data.source: auto     ──a text at data.path?──────> corpus | topics
    data.text.tokenizer: teacher ──its path, where the teacher is given──> path | null

Settled once, when the parameters are composed, so that what a run did stands in them literally.
"""

from pathlib import Path
from typing import Any

AUTO, TEACHERS = "auto", "teacher"
MODEL_FILES = ("config.json", "*.gguf")


def settled(parameters: dict[str, Any], root: Path) -> dict[str, Any]:
    """Return the parameters with every `auto` settled.

    Args:
        parameters: composed, not checked yet.
        root: the project's folder, which relative paths start from.
    """
    data, teacher = dict(parameters["data"]), dict(parameters["teacher"])
    if teacher.get("source") == AUTO:
        teacher["source"] = "given" if _holds(root / teacher["path"], MODEL_FILES) else "trained"
    if data.get("source") == AUTO:
        data["source"] = "corpus" if _holds(root / data["path"], ("[!.]*",)) else "topics"
    text = dict(data["text"])
    if text.get("tokenizer") == TEACHERS:
        text["tokenizer"] = teacher["path"] if teacher["source"] == "given" else None
    return parameters | {"data": data | {"text": text}, "teacher": teacher}


def _holds(path: Path, patterns: tuple[str, ...]) -> bool:
    """Tell whether a path is a file, or a folder with some file of these names.

    What is named and does not exist counts as there: its reader says that it is missing.
    """
    if not path.is_dir():
        return True
    return any(True for pattern in patterns for _ in path.glob(pattern))
