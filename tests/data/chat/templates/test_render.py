"""Rendering in the real process: bounds on time, memory and text, and no way out of the sandbox."""

from typing import Any

import pytest

from stillroom.data.chat.conversation import Conversation, Turn
from stillroom.data.chat.templates import render as module
from stillroom.data.chat.templates.chat_template import ChatTemplate
from stillroom.data.chat.templates.render import RenderedText, render
from stillroom.data.text.tokenizer import SpecialTokens
from stillroom.errors import DataError

ECHO = "{% for m in messages %}{{ m.role + ':' + m.content + eos_token }}{% endfor %}"


def talk(row: int, *contents: str) -> Conversation:
    roles = ("user", "assistant")
    turns = (Turn(role=roles[at % 2], content=text) for at, text in enumerate(contents))
    return Conversation(turns=tuple(turns), part="talks.jsonl", row=row)


def rendered(template: str, *given: Conversation, **options: Any) -> list[RenderedText]:
    settings: dict[str, Any] = {"learn": "assistant", "reasoning": "keep"} | options
    one = ChatTemplate(template, "the template")
    return [text for _, text in render(given, one, SpecialTokens(end="</s>"), **settings)]


def test_batches_keep_the_order_and_each_turn_has_its_texts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BATCH", 2000)  # two processes
    given = [talk(row, f"q{row}", "a", "again", "b") for row in range(3)]
    texts = rendered(ECHO, *given)
    assert [one.text for one in texts] == [
        f"user:q{row}</s>assistant:a</s>user:again</s>assistant:b</s>" for row in range(3)
    ]
    first, second = texts[2].turns
    assert (first.turn, first.versions[0].prompt) == (1, "user:q2</s>")
    assert second.versions[0].until_here == texts[2].text
    assert texts[0].spans is None and not texts[0].is_dated


def test_a_template_that_takes_all_memory_ends_within_bounds() -> None:
    with pytest.raises(DataError, match=r"needed more than 2\.15 GB of memory") as raised:
        rendered("{{ 'a' * 10**10 }}", talk(7, "q", "a"))
    assert "talks.jsonl, row 7" in str(raised.value) and "\n" not in str(raised.value)


def test_a_conversation_without_an_assistant_is_refused() -> None:
    with pytest.raises(DataError, match=r"talks\.jsonl, row 7 has no assistant turn"):
        rendered(ECHO, talk(7, "q"))
