"""Topics: the reference text that CPython ships for its `help()`; what needs no download.

    pydoc_data.topics ──each paragraph once──> one document per topic: "if", "lambda", …

A fifth of the text stands in several topics. Left there it would stand in train and in test, and
the model that learnt it by heart would look like the better one.

Licence: the Python Software Foundation License. Patch releases of Python differ in a few words.
"""

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from stillroom.data.text.documents import Document
from stillroom.io.files.hashing import sha256_json

PART = "pydoc_data/topics.py"
SHORT = 40  # characters: a heading or a line of stars may stand anywhere


@dataclass(frozen=True)
class Topics:
    """The corpus."""

    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of the texts."""
        return {PART: sha256_json(_texts())}

    @property
    def versions(self) -> dict[str, str]:
        """Whose text it is."""
        return {"python": platform.python_version()}

    def __iter__(self) -> Iterator[Document]:
        """Yield the topics by name."""
        for row, text in enumerate(filter(None, _without_repeats(sorted(_texts().items())))):
            yield Document(PART, row, text)


def _without_repeats(topics: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield each text without the paragraphs that stood in one before it."""
    seen: set[str] = set()
    for _, text in topics:
        paragraphs = text.split("\n\n")
        own = [one for one in paragraphs if len(one) < SHORT or one.strip() not in seen]
        seen.update(one.strip() for one in paragraphs)
        whole = "\n\n".join(own)
        # A heading alone is left of a topic that is a part of another.
        yield whole if any(len(one) >= SHORT for one in own) else ""


def _texts() -> dict[str, str]:
    from pydoc_data.topics import topics

    return dict(topics)
