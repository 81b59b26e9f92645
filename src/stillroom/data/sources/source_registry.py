"""The table of the data sources; `data.source` names one."""

from typing import TYPE_CHECKING

from stillroom.config.kind_options import options_of
from stillroom.kinds.kind_contract import KindContract
from stillroom.registry import Registry

if TYPE_CHECKING:
    from stillroom.config.schema.data_schema import Data
    from stillroom.data.sources.source_kind import SourceKind

REGISTRY: "Registry[type[SourceKind]]" = Registry(
    "sources",
    "a data source",
    {
        "digits": "stillroom.data.sources.kinds.example_sources:Digits",
        "idx": "stillroom.data.sources.kinds.example_sources:Idx",
        "image_folder": "stillroom.data.sources.kinds.example_sources:ImageFolder",
        "table": "stillroom.data.sources.kinds.example_sources:Table",
        "corpus": "stillroom.data.sources.kinds.text_sources:TextFolder",
        "chat": "stillroom.data.sources.kinds.chat_sources:ChatFiles",
        "help_chat": "stillroom.data.sources.kinds.chat_sources:HelpChat",
        "topics": "stillroom.data.sources.kinds.text_sources:Topics",
    },
    KindContract("stillroom.data.sources.source_kind:SourceKind", options=lambda kind: kind),
)


def source_of(data: "Data") -> "SourceKind":
    """Return the source that the section `data` names, with its options.

    Raises:
        ConfigError: there is no source of this name, or one of its options is not allowed.
    """
    REGISTRY.require(data.source, "data.source")
    return options_of(data, REGISTRY.load(data.source), "data")
