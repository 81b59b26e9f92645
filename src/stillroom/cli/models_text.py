"""What `kedro models fetch` prints: what is fetched and left out, and which command comes next."""

from pathlib import Path
from typing import Any

from stillroom.config.model_files import CONFIG
from stillroom.config.tokenizer_files import CHAT_TEMPLATE
from stillroom.config.tokenizer_files import CONFIG as TOKENIZER_CONFIG
from stillroom.errors import DataError
from stillroom.io.byte_sizes import size_text
from stillroom.io.json.json_files import read_json
from stillroom.models.hub.file_selection import Selection
from stillroom.models.pretrained.sentence_transformers import MODULES

SHOWN = 3
# How a run names a teacher, by what the classes of transformers in its config end with.
LANGUAGE_MODEL = "groups.experiment=causal_lm,teacher.path={path},data.path=my/texts"
CHAT = "groups.experiment=chat,teacher.path={path},data.path=my/conversations.jsonl"
COMMANDS = {
    "ForCausalLM": LANGUAGE_MODEL,
    "ForConditionalGeneration": LANGUAGE_MODEL,
    "ForMaskedLM": "groups.experiment=distil_encoder,teacher.path={path},data.path=my/texts",
    "ForSequenceClassification": "groups.experiment=text_intents,teacher.path={path},"
    "data.path=my/texts",
    "ForImageClassification": "groups.data=image_folder,groups.teacher=given,"
    "teacher.path={path},data.path=my/photos",
}
SENTENCE = COMMANDS["ForSequenceClassification"]
OTHER = "groups.teacher=given,teacher.path={path},data.path=my/data"


def selection_text(selection: Selection, kept: int) -> str:
    """Return what is fetched of a repository, and what is left out, on one line each.

    Args:
        selection: the files.
        kept: bytes of them that an earlier command has left.
    """
    earlier = f", of which {size_text(kept)} are there" if kept else ""
    largest = [f"{file.name} ({size_text(file.bytes)})" for file in reversed(selection.files)]
    lines = [f"fetches {len(largest)} files, {size_text(selection.size)}{earlier}: {_few(largest)}"]
    for names, kind in (
        (selection.pickles, "pickles, which can run code when they are opened"),
        (selection.code, "programs"),
        (selection.others, "other files"),
    ):
        if names:
            lines.append(f"leaves out {kind} ({len(names)}): {_few(list(names))}")
    return "\n".join(lines)


def next_commands(target: Path, shown: Path) -> str:
    """Return the command that uses a fetched model, as a teacher and as a start.

    Args:
        target: its folder.
        shown: the same, as a command names it.
    """
    words = _words(target).format(path=shown)
    return (
        f"As a teacher:\n  kedro run --pipeline=distill --params {words}\n"
        f"As the start of a student: add student.path={shown}."
    )


def _words(target: Path) -> str:
    """Return the parameters of a run with this model as the teacher."""
    if (target / MODULES).is_file():
        return SENTENCE
    config = _fields(target / CONFIG)
    classes = config.get("architectures")
    first = str(classes[0]) if isinstance(classes, list) and classes else ""
    words = next((words for end, words in COMMANDS.items() if first.endswith(end)), OTHER)
    return CHAT if words == LANGUAGE_MODEL and _has_template(target) else words


def _has_template(target: Path) -> bool:
    """Tell whether a model has a chat template."""
    in_config = "chat_template" in _fields(target / TOKENIZER_CONFIG)
    return in_config or (target / CHAT_TEMPLATE).is_file()


def _fields(path: Path) -> dict[str, Any]:
    """Return the fields of a JSON file; none if it is missing or damaged, which a run refuses."""
    try:
        document = read_json(path)
    except DataError:
        return {}
    return document if isinstance(document, dict) else {}


def _few(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
