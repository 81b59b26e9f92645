"""The sources that give running text."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic.dataclasses import dataclass

from stillroom.config.schema.field_types import STRICT
from stillroom.data.sources.source_kind import TextSource

if TYPE_CHECKING:
    from stillroom.config.schema.data_schema import Data
    from stillroom.data.text.documents import Corpus


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TextFolder(TextSource):
    """Text files, or a column of text in tables."""

    def documents(self, data: "Data", root: Path) -> "Corpus":
        """Return the documents below `data.path`."""
        from stillroom.data.text.documents import TextFiles

        return TextFiles.at(root / data.path, data)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Topics(TextSource):
    """The reference text that CPython ships for its help()."""

    reads_path = False

    def documents(self, data: "Data", root: Path) -> "Corpus":
        """Return a document for each topic."""
        from stillroom.data.text.pydoc_source import PydocTopics

        return PydocTopics()
