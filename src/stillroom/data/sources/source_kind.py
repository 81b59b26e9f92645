"""Source kinds: whether a source gives examples or running text, its options, and its reader.

    data.source ──registry──> kind ──options in the section data──> RawExamples | Corpus

A kind is one class: a frozen pydantic dataclass whose fields are its options, which stand flat in
the section `data`. A module of a kind imports neither polars nor numpy at its top, because the
checks of the configuration load it.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from stillroom.config.schema.data_schema import Data
    from stillroom.data.chat.conversation_files import Conversations
    from stillroom.data.raw_examples import RawExamples
    from stillroom.data.text.documents import Corpus


class SourceKind(ABC):
    """A kind of source.

    Attributes:
        gives: examples, each with a label or without; running text, whose tokens are predicted; or
            conversations, of which the assistant's tokens are predicted.
        reads_path: it reads `data.path`; the report then names it.
    """

    gives: ClassVar[Literal["examples", "running_text", "conversations"]]
    reads_path: ClassVar[bool] = True


class ExampleSource(SourceKind):
    """A kind of source that gives examples."""

    gives = "examples"

    @abstractmethod
    def content(self, data: Mapping[str, Any]) -> Literal["image", "text", "features"]:
        """Return what an example is, as the section `data` says before anything is read."""

    @abstractmethod
    def read(self, data: "Data", root: Path) -> "RawExamples":
        """Read all examples.

        Args:
            data: the section `data`.
            root: the folder from which a relative `data.path` starts.

        Raises:
            DataError: the data cannot be used; the message names the file and the row.
        """


class TextSource(SourceKind):
    """A kind of source that gives running text."""

    gives = "running_text"

    @abstractmethod
    def documents(self, data: "Data", root: Path) -> "Corpus":
        """Return the documents, which are read twice; arguments and errors as in `read`."""


class ConversationSource(SourceKind):
    """A kind of source that gives conversations."""

    gives = "conversations"

    @abstractmethod
    def conversations(self, data: "Data", root: Path) -> "Conversations":
        """Return the conversations, which are read twice; arguments and errors as in `read`."""
