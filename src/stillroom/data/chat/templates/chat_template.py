"""Chat templates: the text that turns messages into what a model reads, and where it was read.

    chat_template.jinja, additional_chat_templates/*.jinja ─┐
    chat_template of tokenizer_config.json ─────────────────┼─ data.chat.template ──> ChatTemplate
    tokenizer.chat_template of a GGUF file ─────────────────┤
    a .jinja file, or the built-in `chatml` ────────────────┘

As in transformers, a .jinja file of a folder counts before its config, and among several templates
`default` counts, with `tool_use` for conversations with tools. A template is a program of someone
else: here it is only read. `template_worker` runs it.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from stillroom.config.tokenizer_files import CHAT_TEMPLATE, CONFIG, JINJA, MORE_TEMPLATES
from stillroom.data.chat.templates.chatml import CHATML
from stillroom.data.files.whole_file import read_whole
from stillroom.data.text.model_tokenizer import gguf_file
from stillroom.errors import DataError, nearest
from stillroom.io.bounded_worker import run_bounded
from stillroom.io.byte_sizes import size_text
from stillroom.io.files.hashing import sha256_bytes, sha256_json
from stillroom.io.hub_cache import file_behind

MOST_BYTES = 2**20
MOST_CONFIG = 2**25  # bytes of a tokenizer_config.json, which may list thousands of tokens
DEFAULT, TOOL_USE, BUILT_IN = "default", "tool_use", "chatml"
KEY = "data.chat.template"
GGUF_KEY = "tokenizer.chat_template"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """A template.

    Attributes:
        text: in Jinja.
        origin: where it was read, for messages.
        tool_use: the template for conversations with tools, if it is another.
        arguments: further variables that it is given, such as `enable_thinking`.
    """

    text: str
    origin: str
    tool_use: str | None = None
    arguments: Mapping[str, Scalar] = field(default_factory=dict, hash=False)

    def reads(self, name: str) -> bool:
        """Tell whether the template names a field of messages, such as `reasoning_content`.

        What it does not name it leaves out.
        """
        return name in self.text or name in (self.tool_use or "")

    def given(self, arguments: Mapping[str, Scalar]) -> "ChatTemplate":
        """Return the template with arguments.

        Raises:
            DataError: the template does not name one of them, so it would change nothing.
        """
        names = dict.fromkeys(_NAME.findall(f"{self.text}\n{self.tool_use or ''}"))
        for name in arguments:
            if name not in names:
                raise DataError(
                    f"{KEY}_arguments.{name} is set, but {self.origin} does not read it."
                    f"{nearest(name, list(names))} Remove it, or set {KEY} to another template."
                )
        return replace(self, arguments=dict(arguments))

    @property
    def sha256(self) -> str:
        """The hash of the templates' texts."""
        if self.tool_use is None:
            return sha256_bytes(self.text.encode("utf-8", "surrogatepass"))
        return sha256_json([self.text, self.tool_use])


def read_chat_template(model: Path | None, choice: str | None) -> ChatTemplate:
    """Return the template of a model, or another.

    Args:
        model: the folder or GGUF file of the model; None if there is none.
        choice: the name of one of its templates, the path of a .jinja file, or `chatml`; None for
            the model's own.

    Raises:
        DataError: there is no template, none of this name, or one that is too large, no Jinja, or
            a link out of its folder.
    """
    if choice is not None and choice.endswith(JINJA):
        return _template(_file_text(Path(choice)), choice)
    named, origin = _templates_of(model) if model is not None else ({}, "")
    if choice == BUILT_IN and choice not in named:
        return ChatTemplate(CHATML, f"the built-in template {BUILT_IN}")
    if choice is not None:
        return _chosen(named, choice, model)
    if not named:
        raise DataError(
            f"{model or 'The model'} has no chat template. Set {KEY} to {BUILT_IN}, or to the "
            f"path of a {JINJA} file."
        )
    if DEFAULT not in named:
        raise DataError(
            f"{origin} has the templates {', '.join(sorted(named))}, but none called {DEFAULT}. "
            f"Set {KEY} to one of them."
        )
    return _template(named[DEFAULT], origin, named.get(TOOL_USE))


def _chosen(named: dict[str, str], choice: str, model: Path | None) -> ChatTemplate:
    if choice not in named:
        names = sorted({*named, BUILT_IN})
        raise DataError(
            f"{KEY} is {choice}, but {model or 'the model'} has no template of this name. Choose "
            f"one of {', '.join(names)}, or the path of a {JINJA} file.{nearest(choice, names)}"
        )
    return _template(named[choice], f"the template {choice} of {model}")


def _templates_of(model: Path) -> tuple[dict[str, str], str]:
    """Return the templates of a model by name, and where they were read."""
    gguf = gguf_file(model)
    if gguf is not None:
        named = run_bounded(templates_in_gguf, str(gguf.resolve()), subject=gguf)
        return named, f"the chat template of {gguf}"
    files = {DEFAULT: model / CHAT_TEMPLATE} if (model / CHAT_TEMPLATE).is_file() else {}
    files |= {file.stem: file for file in sorted((model / MORE_TEMPLATES).glob(f"*{JINJA}"))}
    if files:
        named = {name: _file_text(_own(file, model)) for name, file in files.items()}
        return named, str(files.get(DEFAULT, model / MORE_TEMPLATES))
    return _in_config(model), f"the chat template in {model / CONFIG}"


def templates_in_gguf(file: str) -> dict[str, str]:
    """Return the templates in the header of a GGUF file by name; this runs in a bounded worker."""
    from gguf import GGUFReader

    fields = GGUFReader(file).fields
    prefix = f"{GGUF_KEY}."
    names = {name: name.removeprefix(prefix) for name in fields if name.startswith(prefix)}
    names |= {GGUF_KEY: DEFAULT} if GGUF_KEY in fields else {}
    return {name: str(fields[field].contents()) for field, name in names.items()}


def _in_config(model: Path) -> dict[str, str]:
    file = model / CONFIG
    if not file.is_file():
        return {}
    try:
        config = json.loads(read_whole(_own(file, model), str(file), MOST_CONFIG))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{file} is not JSON ({type(error).__name__}). Replace it.") from error
    given = config.get("chat_template") if isinstance(config, dict) else None
    if given is None:
        return {}
    named = {DEFAULT: given} if isinstance(given, str) else _listed(given)
    if not named:
        raise DataError(
            f"chat_template in {file} is neither a text nor a list of objects with name and "
            "template. Correct it."
        )
    return named


def _listed(given: Any) -> dict[str, str]:
    """Return listed templates by name; {} if the list has another form."""
    named: dict[str, str] = {}
    for one in given if isinstance(given, list) else []:
        name, text = (one.get("name"), one.get("template")) if isinstance(one, dict) else (0, 0)
        if not isinstance(name, str) or not isinstance(text, str):
            return {}
        named[name] = text
    return named


def _own(file: Path, model: Path) -> Path:
    real = file_behind(file, model)
    if real is None:
        raise DataError(f"{file} is a link to another place. Replace it with the file itself.")
    return real


def _file_text(file: Path) -> str:
    content = read_whole(file, str(file), MOST_BYTES)
    try:
        return re.sub("\r\n?", "\n", content.decode("utf-8"))  # as open does for transformers
    except UnicodeDecodeError:
        raise DataError(f"{file} is not UTF-8. Save it as UTF-8.") from None


def _template(text: str, origin: str, tool_use: str | None = None) -> ChatTemplate:
    for one in (text, tool_use or text):
        if len(one.encode("utf-8", "surrogatepass")) > MOST_BYTES:
            raise DataError(
                f"{origin} is larger than {size_text(MOST_BYTES)}, the most for a chat template. "
                f"Set {KEY} to another."
            )
        if "{%" not in one and "{{" not in one:
            raise DataError(f"{origin} has no Jinja in it. Set {KEY} to a chat template.")
    return ChatTemplate(text, origin, tool_use)
