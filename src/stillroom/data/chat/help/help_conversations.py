"""Help conversations: questions about Python's own library, with answers that can be checked.

    library facts, seed ──> subject ──> one to four questions ──> Conversation, Conversation, …

The embedded default: it needs no download. In some conversations the assistant calls a tool first,
and in some a system prompt asks for the answer alone. All conversations are different, and for one
version of Python they are the same everywhere. Licence of the quoted sentences: the Python Software
Foundation License.
"""

import json
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from random import Random
from typing import Any

from stillroom.data.chat.conversation import Conversation, Turn
from stillroom.data.chat.conversation_key import conversation_key
from stillroom.data.chat.help.help_questions import Question, Tool, ask, kinds_of
from stillroom.data.chat.help.library_facts import (
    CallableFacts,
    LibraryFacts,
    TopicFacts,
    library_facts,
)
from stillroom.data.notices import Notice
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_json

PART = "help()"
COUNT, SEED = 3000, 22
BRIEF = (
    "Answer with the answer alone, without a sentence.",
    "You are asked about Python's standard library. Give only the answer, nothing else.",
    "Short answers only: a number, a name, a value, or a quotation.",
)
FULL = (
    "You are a helpful assistant who knows Python's standard library.",
    "Answer questions about Python's help() in a full sentence.",
    "You help programmers to find their way in Python's documentation.",
)
_ASKED_OF: dict[Tool, tuple[str, str, str]] = {
    "signature": ("name", "Get the signature of a function, class or method.", "textwrap.wrap"),
    "summary": ("name", "Get the first sentence of the documentation of a name.", "textwrap.wrap"),
    "topic": ("topic", "Get the title and the first sentence of a topic of help().", "lambda"),
}
_FEWEST_FACTS = 30  # of callables, and of topics
_TOPIC_SHARE, _TOOLS_SHARE, _SAME_SUBJECT = 0.12, 0.15, 0.75


@dataclass(frozen=True)
class HelpConversations:
    """The conversations, as a corpus."""

    skipped: dict[str, int] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    splits_from: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """The SHA-256 of what the conversations are about."""
        return {PART: sha256_json(asdict(library_facts()))}

    @property
    def versions(self) -> dict[str, str]:
        """The version of Python that is described."""
        return {"python": platform.python_version()}

    def __iter__(self) -> Iterator[Conversation]:
        """Yield the conversations, always in the same order.

        Raises:
            DataError: this Python was installed without its documentation.
        """
        yield from _conversations()


@cache
def _conversations() -> tuple[Conversation, ...]:
    facts, seen = library_facts(), set[bytes]()
    if min(len(facts.callables), len(facts.topics)) < _FEWEST_FACTS:
        raise DataError(
            "This Python has no docstrings, or no topics of help(): there is nothing to ask about. "
            "Install Python with its documentation, or set data.source and data.path."
        )
    kept: list[Conversation] = []
    number = 0
    while len(kept) < COUNT:
        rng = Random(f"{SEED}/{number}")
        number += 1
        drawn = _dialogue(facts, rng, len(kept))
        if (key := conversation_key(drawn)) not in seen:
            seen.add(key)
            kept.append(drawn)
    return tuple(kept)


def _dialogue(facts: LibraryFacts, rng: Random, row: int) -> Conversation:
    prompt = rng.choice((None, None, *FULL, *BRIEF))
    calls_tools = rng.random() < _TOOLS_SHARE
    turns = [] if prompt is None else [Turn(role="system", content=prompt)]
    told: set[tuple[Tool, str]] = set()
    reference = ""
    for question in _questions(facts, rng):
        turns.append(Turn(role="user", content=question.asked))
        if calls_tools:
            turns += _tool_turns(question, told, facts)
        said = question.answer if prompt in BRIEF else question.said
        turns.append(Turn(role="assistant", content=said))
        reference = question.answer
    called = {tool for tool, _ in told}
    return Conversation(
        turns=tuple(turns),
        part=PART,
        row=row,
        tools=tuple(_schema(tool) for tool in _ASKED_OF if tool in called),
        reference=reference,
    )


def _questions(facts: LibraryFacts, rng: Random) -> Iterator[Question]:
    """Yield one to four questions; most of them stay with the subject of the one before."""
    asked: set[tuple[str, str]] = set()
    subject, again = _subject(facts, rng), False
    for _ in range(rng.choice((1, 2, 2, 3, 3, 4))):
        if again and rng.random() > _SAME_SUBJECT:
            subject, again = _subject(facts, rng), False
        kinds = [kind for kind in kinds_of(subject) if (subject.name, kind) not in asked]
        for kind in rng.sample(kinds, len(kinds)):
            question = ask(kind, subject, facts, rng, again=again)
            if question is not None:
                asked.add((subject.name, kind))
                again = True
                yield question
                break


def _subject(facts: LibraryFacts, rng: Random) -> CallableFacts | TopicFacts:
    if rng.random() < _TOPIC_SHARE:
        return rng.choice(facts.topics)
    return rng.choice(facts.callables)


def _tool_turns(
    question: Question, told: set[tuple[Tool, str]], facts: LibraryFacts
) -> Iterator[Turn]:
    """Yield the calls for what no tool has told yet, and what the tools answer."""
    tool = question.tool
    names = [name for name in question.subjects if tool and (tool, name) not in told]
    if tool is None or not names:
        return
    key = _ASKED_OF[tool][0]
    calls = tuple({"name": tool, "arguments": {key: name}} for name in names)
    yield Turn(role="assistant", content="", tool_calls=calls)
    for name in names:
        told.add((tool, name))
        yield Turn(role="tool", content=_told(tool, name, facts), name=tool)


def _told(tool: Tool, name: str, facts: LibraryFacts) -> str:
    """Return what a tool answers, as JSON."""
    if tool == "topic":
        topic = next(one for one in facts.topics if one.name == name)
        document = {"topic": name, "title": topic.title, "text": topic.sentence}
    else:
        subject = next(one for one in facts.callables if one.name == name)
        text = subject.signature if tool == "signature" else subject.sentence
        document = {"name": name, tool: text}
    return json.dumps(document, ensure_ascii=False)


def _schema(tool: Tool) -> dict[str, Any]:
    key, words, example = _ASKED_OF[tool]
    described = {"type": "string", "description": f"such as {example}"}
    parameters = {"type": "object", "properties": {key: described}, "required": [key]}
    function = {"name": tool, "description": words, "parameters": parameters}
    return {"type": "function", "function": function}
