"""Conversations: turns of a chat, as any source gives them and as a template takes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
Reasoning = Literal["keep", "drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message.

    Attributes:
        role: who speaks.
        content: the text; "" where an assistant only calls tools.
        reasoning: what an assistant thought before the answer; None if nothing is recorded.
        tool_calls: the calls of an assistant, as {"name": …, "arguments": {…}} each.
        name: of the tool that answers, where it is recorded.
        call_id: of the call that a tool answers, where it is recorded.
        is_learnt: whether an assistant's turn may be learnt; one that may not is context.
    """

    role: Role
    content: str
    reasoning: str | None = None
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    name: str | None = None
    call_id: str | None = None
    is_learnt: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Turns in order, with at least one of the assistant.

    Attributes:
        turns: the messages.
        tools: the tools that the assistant may call, as JSON schemas of functions; () for none.
        part: the file that it comes from, as in the report.
        row: its number in the file, from 0.
        split: the split that the source gives it; None if its content decides.
        reference: what an answer in place of the last assistant turn is checked against; None if
            nothing is recorded.
    """

    turns: tuple[Turn, ...]
    part: str
    row: int
    tools: tuple[Mapping[str, Any], ...] = ()
    split: str | None = None
    reference: str | None = None

    @property
    def answers(self) -> list[int]:
        """The numbers of the assistant's turns."""
        return [number for number, turn in enumerate(self.turns) if turn.role == "assistant"]

    @property
    def origin(self) -> str:
        """The name of the conversation in messages."""
        return f"{self.part}, row {self.row}"


def messages_of(turns: tuple[Turn, ...], reasoning: Reasoning) -> list[dict[str, Any]]:
    """Return turns as the messages that a chat template takes.

    Tool calls have the form of OpenAI's API, which templates of all families read:
    {"type": "function", "function": {"name", "arguments"}}. Reasoning is `reasoning_content`.
    """
    return [_message(turn, reasoning) for turn in turns]


def _message(turn: Turn, reasoning: Reasoning) -> dict[str, Any]:
    message: dict[str, Any] = {"role": turn.role, "content": turn.content}
    if turn.reasoning is not None and reasoning == "keep":
        message["reasoning_content"] = turn.reasoning
    if turn.tool_calls:
        message["tool_calls"] = [_call(call) for call in turn.tool_calls]
    if turn.name is not None:
        message["name"] = turn.name
    if turn.call_id is not None:
        message["tool_call_id"] = turn.call_id
    return message


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = {"name": call["name"], "arguments": call["arguments"]}
    # Some templates write the id of a call, so that the tool's answer can name it.
    recorded = {"id": call["id"]} if "id" in call else {}
    return {**recorded, "type": "function", "function": function}
