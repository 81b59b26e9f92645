"""Help conversations: enough, all different, the same each time, and right by `inspect`."""

import hashlib
import inspect
import json
import pkgutil
import platform
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pydoc_data.topics import topics
from typing import Any

import pytest

from stillroom.data.chat.conversation import Conversation
from stillroom.data.chat.conversation_key import conversation_key
from stillroom.data.chat.help import help_conversations
from stillroom.data.chat.help.help_conversations import BRIEF, COUNT, FULL, PART, HelpConversations
from stillroom.data.chat.help.library_facts import LibraryFacts
from stillroom.errors import DataError


@pytest.fixture(scope="module")
def conversations() -> list[Conversation]:
    return list(HelpConversations())


def parameters(name: str) -> list[inspect.Parameter]:
    """Return the parameters of a name by Python itself, without the object of a method."""
    value = pkgutil.resolve_name(name)
    own = [*inspect.signature(value).parameters.values()]
    owner = pkgutil.resolve_name(name.rpartition(".")[0])
    return own[1:] if inspect.isclass(owner) else own


def default(name: str, parameter: str) -> str:
    return next(repr(one.default) for one in parameters(name) if one.name == parameter)


def has(name: str, parameter: str) -> str:
    return "Yes" if parameter in [one.name for one in parameters(name)] else "No"


def place(name: str, ordinal: str) -> str:
    return parameters(name)[["first", "second", "third", "fourth"].index(ordinal)].name


def beginning(name: str) -> str:
    return " ".join(str(inspect.getdoc(pkgutil.resolve_name(name))).split())


Table = dict[str, Callable[..., str]]
NAME, PARAMETER = r"(\w+(?:\.\w+)+)", r"(\w+)"
# What is asked, and how to work the answer out without the code under test.
NUMBERS: Table = {
    rf"How many parameters does {NAME} take\?": lambda name: str(len(parameters(name))),
    rf"How many parameters of {NAME} have a default\?": lambda name: str(
        sum(one.default is not one.empty for one in parameters(name))
    ),
}
VALUES: Table = {
    rf"What is the default of {PARAMETER} in {NAME}\?": lambda one, name: default(name, one),
    rf"Can I pass {PARAMETER} to {NAME}\?": lambda one, name: has(name, one),
    rf"Does {NAME} have a parameter {PARAMETER}\?": lambda name, one: has(name, one),
    rf"Name the (first|second|third|fourth) parameter of {NAME}\.": lambda at, name: place(
        name, at
    ),
    rf"Which takes more parameters, {NAME} or {NAME}\?": lambda a, b: max(
        (a, b), key=lambda name: len(parameters(name))
    ),
    r"Which title does help\('([\w-]+)'\) show\?": lambda name: topics[name].split("\n")[0],
}


def asked_and_said(one: Conversation) -> Iterator[tuple[str, str]]:
    """Yield each question with its answer, without the turns of tools."""
    texts = [turn.content for turn in one.turns if turn.role == "user"]
    spoken = [turn.content for turn in one.turns if turn.role == "assistant" and turn.content]
    return zip(texts, spoken, strict=True)


def checked(conversations: list[Conversation], table: Table) -> Counter[str]:
    """Check each answer that a table can work out; return how many there were of each kind."""
    counts: Counter[str] = Counter()
    for conversation in conversations:
        is_brief = conversation.turns[0].content in BRIEF
        for asked, said in asked_and_said(conversation):
            for pattern, answer in table.items():
                if match := re.fullmatch(pattern, asked):
                    right = answer(*match.groups())
                    assert said == right if is_brief else right in said, asked
                    counts[pattern] += 1
    return counts


@pytest.mark.parametrize("table", [NUMBERS, VALUES], ids=["numbers", "values"])
def test_answers_are_those_of_inspect(conversations: list[Conversation], table: Table) -> None:
    counts = checked(conversations, table)
    assert set(counts) == set(table)
    assert min(counts.values()) >= 20


def test_sentences_are_those_of_the_documentation(conversations: list[Conversation]) -> None:
    count = 0
    for conversation in conversations:
        match = re.fullmatch(rf"What does {NAME} do\?", conversation.turns[-2].content)
        if match and conversation.turns[0].content in BRIEF:
            assert beginning(match[1]).startswith(conversation.turns[-1].content)
            count += 1
    assert count >= 5


def test_there_are_enough_and_no_two_are_equal(conversations: list[Conversation]) -> None:
    assert len(conversations) == COUNT >= 3000
    assert len({conversation_key(one) for one in conversations}) == COUNT
    assert [one.row for one in conversations] == list(range(COUNT))
    assert {one.part for one in conversations} == {PART}
    assert list(HelpConversations()) == conversations


def test_they_are_of_many_forms(conversations: list[Conversation]) -> None:
    rounds = Counter(sum(turn.role == "user" for turn in one.turns) for one in conversations)
    assert set(rounds) == {1, 2, 3, 4}
    assert min(rounds.values()) > 0.1 * COUNT
    with_tool = sum(any(turn.role == "tool" for turn in one.turns) for one in conversations)
    assert 0.08 * COUNT < with_tool < 0.25 * COUNT
    prompts = Counter(
        one.turns[0].content for one in conversations if one.turns[0].role == "system"
    )
    assert set(prompts) == {*BRIEF, *FULL}
    starts = Counter(
        " ".join(turn.content.split()[:3])
        for one in conversations
        for turn in one.turns
        if turn.role == "user"
    )
    assert max(starts.values()) < 0.15 * starts.total()


def test_the_last_answer_has_the_reference_in_it(conversations: list[Conversation]) -> None:
    for one in conversations:
        assert one.reference
        assert one.reference in one.turns[-1].content


def test_a_tool_answers_each_call_before_the_assistant_does(
    conversations: list[Conversation],
) -> None:
    for one in conversations:
        offered = [tool["function"]["name"] for tool in one.tools]
        waiting: list[Any] = []
        for turn in one.turns:
            if turn.role == "tool":
                call = waiting.pop(0)
                assert (turn.name, *call["arguments"].values()) == (
                    call["name"],
                    next(iter(json.loads(turn.content).values())),
                )
                assert turn.name in offered
            else:
                assert not waiting
            waiting += turn.tool_calls
        assert one.turns[-1].role == "assistant"
        assert one.turns[-1].content


def test_the_version_of_python_and_the_facts_are_reported() -> None:
    read = HelpConversations()
    assert read.versions == {"python": platform.python_version()}
    assert set(read.files) == {PART}
    assert len(read.files[PART]) == 64
    assert (read.skipped, read.notices, read.splits_from) == ({}, (), None)


def test_another_process_draws_the_same(conversations: list[Conversation]) -> None:
    code = (
        "import hashlib; "
        "from stillroom.data.chat.help.help_conversations import HelpConversations; "
        "from stillroom.data.chat.conversation_key import conversation_key; "
        "print(hashlib.sha256(b''.join(map(conversation_key, HelpConversations()))).hexdigest())"
    )
    command = [sys.executable, "-c", code]
    environment = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7"}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    keys = b"".join(map(conversation_key, conversations))
    assert said.stdout.strip() == hashlib.sha256(keys).hexdigest()


def test_a_python_without_documentation_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = help_conversations._conversations
    monkeypatch.setattr(help_conversations, "library_facts", lambda: LibraryFacts((), ()))
    with pytest.raises(DataError, match="has no docstrings, or no topics"):
        drawn.__wrapped__()
