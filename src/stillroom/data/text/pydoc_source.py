"""Pydoc topics: the reference text that CPython ships for its `help()`; it needs no download.

    pydoc_data.topics ──each paragraph once──> one document per topic: "if", "lambda", …

A fifth of the text occurs in several topics. Without this step it would occur in both train and
test, and a model that memorised it would look better than it is.

Licence: the Python Software Foundation License. Patch releases of Python differ in a few words.
"""

import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from stillroom.data.notices import Notice
from stillroom.data.text.documents import Document
from stillroom.io.files.hashing import sha256_json

PART = "pydoc_data/topics.py"
SHORT = 40  # characters: a heading or a line of stars may occur anywhere


@dataclass(frozen=True)
class PydocTopics:
    """The topics as a corpus."""

    skipped: dict[str, int] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    splits_from: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of the texts."""
        return {PART: sha256_json(_texts())}

    @property
    def versions(self) -> dict[str, str]:
        """The version of Python that the text belongs to."""
        return {"python": platform.python_version()}

    def __iter__(self) -> Iterator[Document]:
        """Yield the topics by name."""
        for row, text in enumerate(filter(None, _without_repeats(sorted(_texts().items())))):
            yield Document(PART, row, text)


def _without_repeats(topics: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield each text without the paragraphs of the texts before it."""
    seen: set[str] = set()
    for _, text in topics:
        paragraphs = text.split("\n\n")
        own = [one for one in paragraphs if len(one) < SHORT or one.strip() not in seen]
        seen.update(one.strip() for one in paragraphs)
        whole = "\n\n".join(own)
        # If another topic contains this one, only its heading is left.
        yield whole if any(len(one) >= SHORT for one in own) else ""


def _texts() -> dict[str, str]:
    from pydoc_data.topics import topics

    return dict(topics)
