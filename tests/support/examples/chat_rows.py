"""Seeded conversations, as Stillroom has them and as transformers takes them."""

import random
from typing import Any

from stillroom.data.chat.conversation import Conversation, Turn

TEXTS = (
    *(
        "the cat sees my aunt.",
        "Is 7 prime?",
        "naïve 日本 🎉",
        "two\nlines\n\nhere",
        "x = {'a': 1}",
    ),
    *("  leading blanks", "trailing blanks  ", "\tTab", "0.5 < 1 > 0", 'He said: "no".', "a"),
    *("Assistant: no", "[x] </b>", "\u202fnarrow", "e\u0301 is é", "user", "end\n"),
)
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Says how the weather is.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def conversation(seed: int, *, system: bool, tools: bool, reasoning: bool) -> Conversation:
    """Return one conversation of one to five exchanges."""
    draw = random.Random(seed)
    turns = (
        [Turn(role="system", content=draw.choice(TEXTS))] if system and draw.random() < 0.5 else []
    )
    has_tools = tools and draw.random() < 0.6
    for _ in range(draw.randint(1, 5)):
        turns.append(Turn(role="user", content=draw.choice(TEXTS)))
        if has_tools and draw.random() < 0.6:
            turns += _call(draw, reasoning)
        turns.append(_answer(draw, reasoning))
    return Conversation(
        turns=tuple(turns), part="rows.jsonl", row=seed, tools=(TOOL,) if has_tools else ()
    )


def _call(draw: random.Random, reasoning: bool) -> list[Turn]:
    calls = [
        {"name": "weather", "arguments": {"city": draw.choice(("Köln", "東京", "Rome"))}}
        for _ in range(draw.randint(1, 2))
    ]
    asks = Turn(
        role="assistant",
        content=draw.choice(("", "I look.")),
        reasoning="A tool knows." if reasoning and draw.random() < 0.5 else None,
        tool_calls=tuple(calls),
    )
    results = [
        Turn(role="tool", content=draw.choice(("sun", "7 °C", "")), name="weather", call_id="c1")
        for _ in calls
    ]
    return [asks, *results]


def _answer(draw: random.Random, reasoning: bool) -> Turn:
    thought = "I think\nso." if reasoning and draw.random() < 0.6 else None
    return Turn(role="assistant", content=draw.choice(TEXTS), reasoning=thought)


def messages(one: Conversation) -> list[dict[str, Any]]:
    """Return the messages as OpenAI's API has them, written without the code under test."""
    return [
        {"role": turn.role, "content": turn.content}
        | ({"reasoning_content": turn.reasoning} if turn.reasoning is not None else {})
        | (
            {"tool_calls": [{"type": "function", "function": call} for call in turn.tool_calls]}
            if turn.tool_calls
            else {}
        )
        | ({"name": turn.name} if turn.name else {})
        | ({"tool_call_id": turn.call_id} if turn.call_id else {})
        for turn in one.turns
    ]
