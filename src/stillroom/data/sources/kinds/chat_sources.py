"""The sources that give conversations."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT
from stillroom.data.sources.source_kind import ConversationSource

if TYPE_CHECKING:
    from stillroom.config.schema.data_schema import Data
    from stillroom.data.chat.conversation_files import Conversations


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ChatFiles(ConversationSource):
    """Recorded conversations in JSON Lines, JSON or Parquet."""

    def conversations(self, data: "Data", root: Path) -> "Conversations":
        """Return the conversations below `data.path`."""
        from stillroom.data.chat.conversation_files import ConversationFiles
        from stillroom.data.chat.conversation_forms import PairColumns

        columns, pair = data.columns, None
        if columns.prompt is not None and columns.answer is not None:
            pair = PairColumns(prompt=columns.prompt, answer=columns.answer)
        return ConversationFiles.at(root / data.path, data, pair)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class HelpChat(ConversationSource):
    """Conversations about the reference that CPython ships, from a seeded generator."""

    reads_path = False

    def conversations(self, data: "Data", root: Path) -> "Conversations":
        """Return the generated conversations."""
        from stillroom.data.chat.help.help_conversations import HelpConversations

        return HelpConversations()
