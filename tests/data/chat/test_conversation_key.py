"""Conversation keys: what changes a key and what does not, and the words of prompts."""

from dataclasses import replace
from typing import Any

import pytest

from stillroom.data.chat.conversation import Conversation, Turn
from stillroom.data.chat.conversation_key import conversation_key, prompt_words, word_ngrams

CALL = {"name": "add", "arguments": {"a": 1, "b": {"c": 2, "d": 3}}, "id": "c1"}
TOOL = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
ASKED = Turn(role="user", content="1 + 2?")
CALLED = Turn(role="assistant", content="", tool_calls=(CALL,))
TOLD = Turn(role="tool", content="3", name="add", call_id="c1")
ANSWERED = Turn(role="assistant", content="3", reasoning="I add.")
WHOLE = Conversation(
    turns=(ASKED, CALLED, TOLD, ANSWERED), tools=(TOOL,), part="a.jsonl", row=0, split="train"
)


def with_turn(number: int, **changes: Any) -> Conversation:
    turns = list(WHOLE.turns)
    turns[number] = replace(turns[number], **changes)
    return replace(WHOLE, turns=tuple(turns))


def test_a_key_has_16_bytes_and_never_changes() -> None:
    assert conversation_key(WHOLE).hex() == "54d1f7026e95c77af36275b5538dd24b"


@pytest.mark.parametrize(
    "same",
    [
        replace(WHOLE, part="b.parquet", row=9, split=None),
        with_turn(1, tool_calls=({**CALL, "id": "other"},)),
        with_turn(1, tool_calls=({"arguments": {"b": {"d": 3, "c": 2}, "a": 1}, "name": "add"},)),
        with_turn(2, call_id=None),
        replace(WHOLE, tools=({"function": dict(reversed(TOOL["function"].items())), **TOOL},)),  # type: ignore[attr-defined]
    ],
)
def test_files_ids_and_the_order_of_keys_do_not_count(same: Conversation) -> None:
    assert conversation_key(same) == conversation_key(WHOLE)


@pytest.mark.parametrize(
    "other",
    [
        with_turn(0, content="1 + 2? "),
        with_turn(0, role="system"),
        with_turn(1, tool_calls=()),
        with_turn(1, tool_calls=(CALL, CALL)),
        with_turn(1, tool_calls=({**CALL, "arguments": {"a": "1", "b": {"c": 2, "d": 3}}},)),
        with_turn(2, name="sub"),
        with_turn(3, reasoning=None),
        with_turn(3, reasoning=""),
        with_turn(3, content="", reasoning="3"),
        replace(WHOLE, tools=()),
        replace(WHOLE, turns=WHOLE.turns[:3]),
        replace(WHOLE, turns=(CALLED, ASKED, TOLD, ANSWERED)),
    ],
)
def test_roles_texts_calls_and_tools_count(other: Conversation) -> None:
    assert conversation_key(other) != conversation_key(WHOLE)


def test_the_border_between_two_turns_counts() -> None:
    one = Conversation(turns=(ASKED, ANSWERED, ANSWERED), part="a", row=0)
    joined = replace(ANSWERED, content="33")
    assert conversation_key(one) != conversation_key(replace(one, turns=(ASKED, joined)))


def test_prompts_are_the_words_of_the_user() -> None:
    turns = (
        Turn(role="system", content="Be brief."),
        Turn(
            role="user",
            content="What's the \uff24EFAULT\nof `max_len` in Straße?",
        ),
        Turn(role="assistant", content="None"),
        Turn(role="user", content="And of n=3?"),
    )
    words = prompt_words(Conversation(turns=turns, part="a", row=0))
    assert " ".join(words) == "what s the default of max len in strasse and of n 3"


def test_ngrams_are_runs_of_words() -> None:
    words = [str(number) for number in range(15)]
    expected = [" ".join(words[start : start + 13]) for start in (0, 1, 2)]
    assert list(word_ngrams(words)) == expected
    assert list(word_ngrams(words[:13])) == expected[:1]
    assert list(word_ngrams(["a", "b"])) == ["a b"]
    assert list(word_ngrams([])) == []
    assert list(word_ngrams(["a", "b", "c"], length=2)) == ["a b", "b c"]
