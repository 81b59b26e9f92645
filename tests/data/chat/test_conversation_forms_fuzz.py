"""Conversation forms: whatever a row holds gives a conversation or one line that names the row."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.data.chat.conversation import Conversation, messages_of
from stillroom.data.chat.conversation_forms import conversation_of, forms_of
from stillroom.data.chat.conversation_key import conversation_key, prompt_words
from stillroom.data.chat.row_origin import RowNotices, RowOrigin
from stillroom.errors import DataError

WORDS = st.sampled_from(
    ["user", "assistant", "tool", "gpt", "function_call", "function", "text", "{}", '{"name":"f"}']
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS
MESSAGE_KEYS = ("role", "from", "content", "value", "tool_calls", "function_call", "weight")
PART_KEYS = ("type", "text", "name", "arguments", "function", "id", "properties", "thinking")
NAMES = st.sampled_from((*MESSAGE_KEYS, *PART_KEYS, "reasoning", "tool_call_id"))
VALUES = st.recursive(
    PLAIN, lambda one: st.lists(one, max_size=3) | st.dictionaries(NAMES, one, max_size=4)
)
TURN = st.fixed_dictionaries({"role": WORDS}, optional={"content": st.text() | VALUES})
CALLS = st.dictionaries(st.sampled_from(["tool_calls", "function_call", "value"]), VALUES)
MESSAGE = st.builds(lambda *parts: {**parts[0], **parts[1]}, TURN, CALLS) | VALUES
MESSAGES = st.lists(MESSAGE, min_size=1, max_size=3)
TURN_COLUMNS = ("messages", "conversations", "prompt", "completion")
OTHER_COLUMNS = ("instruction", "input", "output", "history", "system", "tools")
COLUMNS = st.sampled_from((*TURN_COLUMNS, *OTHER_COLUMNS))


@settings(max_examples=200, deadline=None)
@given(row=st.dictionaries(COLUMNS, MESSAGES | VALUES, max_size=4), fills=st.booleans())
def test_any_row_is_read_or_named(row: dict[str, Any], fills: bool) -> None:
    origin = RowOrigin("a.jsonl", 5, RowNotices("a.jsonl"), fills_nulls=fills)
    try:
        read = conversation_of(row, forms_of(None), origin)
    except DataError as error:
        assert str(error).startswith("a.jsonl, row 5")
        return
    assert isinstance(read, Conversation)
    assert any(turn.role == "assistant" for turn in read.turns)
    assert len(conversation_key(read)) == 16
    assert len(messages_of(read.turns, "keep")) == len(read.turns)
    assert all(isinstance(word, str) for word in prompt_words(read))
    list(origin.notices.notices())
