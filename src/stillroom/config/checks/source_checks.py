"""Checks of the data source: its options, and what running text requires of other sections."""

from collections.abc import Mapping
from typing import Any

from stillroom.config.checks.template_argument_checks import check_template_arguments
from stillroom.config.kind_options import options_of, require_declared
from stillroom.config.schema import Data
from stillroom.errors import ConfigError
from stillroom.registry import registry_of

SECTION = "data"
RUNNING_TEXT, CONVERSATIONS = "running_text", "conversations"
OF_TOKENS = (RUNNING_TEXT, CONVERSATIONS)  # what language models are made for


def source_kind(data: Mapping[str, Any]) -> Any:
    """Return the source that the section `data` names, with its options.

    Raises:
        ConfigError: there is no source of this name, or one of its options is not allowed, or the
            section has a key that neither it nor the source declares.
    """
    registry = registry_of("sources")
    registry.require(data["source"], f"{SECTION}.source")
    kind = registry.load(data["source"])
    require_declared(data, Data, kind, SECTION)
    return options_of(data, kind, SECTION)


def inputs_of(data: Mapping[str, Any], source: Any) -> str:
    """Return what the inputs of a model are: images, numbers, tokens or running_text."""
    if source.gives in OF_TOKENS:
        return RUNNING_TEXT
    content = source.content(data)
    if content == "text" and data["text"]["encoding"] == "tokens":
        return "tokens"
    return "images" if content == "image" else "numbers"


def check_conversations(data: Mapping[str, Any]) -> None:
    """Check what conversations require of the rest of the section `data`.

    Raises:
        ConfigError: names the key, and what to set it to.
    """
    check_template_arguments(data["chat"]["template_arguments"])
    corpus, columns = data["corpus"], data["columns"]
    if (columns.get("prompt") is None) != (columns.get("answer") is None):
        raise ConfigError(
            "data.columns.prompt and data.columns.answer belong together. Set both, or none."
        )
    if corpus["task"] != "next_token":
        raise ConfigError(
            f"data.source is {data['source']}, which gives conversations, but data.corpus.task is "
            f"{corpus['task']}. Set it to next_token."
        )
    if corpus["cross_documents"]:
        raise ConfigError(
            f"data.source is {data['source']}, which gives conversations, and "
            "data.corpus.cross_documents is true: a model would read one conversation before "
            "another. Set it to false."
        )


def check_running_text(parameters: Mapping[str, Any]) -> None:
    """Check what running text requires of the other sections.

    Raises:
        ConfigError: names the key, and what to set it to.
    """
    if parameters["trainer"]["strategy"] == "fsdp":
        raise ConfigError(
            "trainer.strategy is fsdp, but the output layer of a language model cannot be sharded "
            "yet. Set it to ddp."
        )
