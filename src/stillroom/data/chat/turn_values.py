"""Turn values: a message as files hold it in, a turn out.

    {"role", "content", "tool_calls", "reasoning_content", …}  OpenAI's names ──┐
    {"from", "value"}                                          ShareGPT's names ┴──> Turn

Beside them `weight` (0 or 1, as OpenAI and Mistral fine-tune) or `train` (true or false, as Axolotl
does) says whether a turn of the assistant is learnt.
A key without a value (null) is a key that is missing: Parquet cannot tell them apart.
"""

from collections.abc import Mapping
from typing import Any

from stillroom.data.chat.conversation import Role, Turn
from stillroom.data.chat.row_origin import RowOrigin
from stillroom.data.chat.tool_values import tool_calls_of
from stillroom.data.tables.json_columns import json_text
from stillroom.errors import nearest

ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
    "ipython": "tool",
    "observation": "tool",
    "tool_response": "tool",
    "function_response": "tool",
}
CALLERS = ("function_call", "tool_call")  # roles of an assistant whose text is a call
_REASONING = ("reasoning_content", "reasoning", "thinking")
_READ = frozenset(
    (*("role", "from", "content", "value", "tool_calls", "function_call"), *_REASONING)
)
_FLAGS = ("weight", "train")
_OF_TOOLS = frozenset(("name", "tool_call_id"))


def turn_of(message: object, origin: RowOrigin) -> Turn:
    """Return the turn of a message.

    Args:
        message: a value of a file.
        origin: the place of the turn.

    Raises:
        DataError: the role is unknown, the text is missing or no text, or a tool call is broken.
    """
    if not isinstance(message, dict):
        raise origin.error(f"it is {ascii(message)[:40]}, not a message with a role and a content.")
    given = {name: value for name, value in message.items() if value is not None}
    word = _one_of(given, ("role", "from"), "role", origin)
    if word in CALLERS:
        origin.say("converted", "roles are read as others", f"{word} as assistant")
        calls = tool_calls_of(_one_of(given, ("content", "value"), "call", origin), origin)
        return _spoken("assistant", given, ("", ""), calls, origin)
    role = _role(word, origin)
    calls = _calls(given, role, origin)
    return _spoken(role, given, _content(given, role, calls, origin), calls, origin)


def _spoken(
    role: Role,
    given: Mapping[str, Any],
    content: tuple[str, str],
    calls: tuple[Mapping[str, Any], ...],
    origin: RowOrigin,
) -> Turn:
    text, thought = content
    reasoning = _reasoning(given, thought, origin) if role == "assistant" else None
    if role == "assistant" and not (text or calls):
        raise origin.error("the assistant says nothing. Add its text, or remove the conversation.")
    _say_unread(given, role, origin)
    of_tool = given if role == "tool" else {}
    return Turn(
        role=role,
        content=text,
        reasoning=reasoning,
        tool_calls=calls,
        name=_text(of_tool, "name", origin),
        call_id=_text(of_tool, "tool_call_id", origin),
        is_learnt=_is_learnt(given, origin) if role == "assistant" else True,
    )


def _is_learnt(given: Mapping[str, Any], origin: RowOrigin) -> bool:
    """Tell whether a turn of the assistant is learnt, by the flags that it has."""
    flags = {name: _flag(name, given[name], origin) for name in _FLAGS if name in given}
    if len(set(flags.values())) > 1:
        raise origin.error(f"{' and '.join(flags)} contradict each other. Remove one of them.")
    for name, is_learnt in flags.items():
        if not is_learnt:
            words = "turns of the assistant are context and not learnt"
            origin.say("left_out", words, f"{name} {given[name]}".lower())
    return all(flags.values())


def _flag(name: str, value: object, origin: RowOrigin) -> bool:
    """Return a flag: a weight of 0 or 1, or whether the turn is trained on."""
    is_truth = isinstance(value, bool)
    if is_truth if name == "train" else value in (0, 1) and not is_truth:
        return bool(value)
    allowed = "true or false" if name == "train" else "0 or 1"
    raise origin.error(f"{name} is {ascii(value)[:40]}; it must be {allowed}. Correct it.")


def _one_of(given: Mapping[str, Any], names: tuple[str, str], what: str, origin: RowOrigin) -> Any:
    values = [given[name] for name in names if name in given]
    if not values:
        raise origin.error(f"it has no {what}. Add one of the keys {' and '.join(names)}.")
    if len(values) > 1 and values[0] != values[1]:
        raise origin.error(f"{' and '.join(names)} differ. Remove one of them.")
    return values[0]


def _role(word: object, origin: RowOrigin) -> Role:
    known = ROLES.get(word.strip().casefold()) if isinstance(word, str) else None
    if known is None:
        similar = nearest(word, list(ROLES)) if isinstance(word, str) else ""
        raise origin.error(
            f"the role is {ascii(word)[:40]}.{similar} Allowed: system, user, assistant, tool; and "
            "as in ShareGPT human, gpt, observation, function_call."
        )
    if known != word:
        origin.say("converted", "roles are read as others", f"{word} as {known}")
    return known


def _calls(
    given: Mapping[str, Any], role: Role, origin: RowOrigin
) -> tuple[Mapping[str, Any], ...]:
    values = [given[name] for name in ("tool_calls", "function_call") if given.get(name)]
    calls = tuple(call for value in values for call in tool_calls_of(value, origin))
    if calls and role != "assistant":
        raise origin.error(f"the {role} calls a tool; only the assistant can. Correct the role.")
    return calls


def _content(
    given: Mapping[str, Any], role: Role, calls: tuple[Any, ...], origin: RowOrigin
) -> tuple[str, str]:
    """Return the text, and the reasoning if it is a part of the content."""
    if "content" not in given and "value" not in given:
        if calls:
            return "", ""
        raise origin.error(
            f"the {role} has no content (null). Add its text, or remove the conversation."
        )
    content = _one_of(given, ("content", "value"), "content", origin)
    if isinstance(content, list):
        return _joined(content, role, origin)
    return json_text(content, str(origin), "content"), ""


def _joined(parts: list[Any], role: Role, origin: RowOrigin) -> tuple[str, str]:
    if not parts:
        raise origin.error("the content is an empty list. Add its text, or remove the row.")
    texts: list[str] = []
    thoughts: list[str] = []
    for part in parts:
        kind, text = _part(part, origin)
        is_thought = kind == "thinking" and role == "assistant"
        (thoughts if is_thought else texts).append(text)
    origin.say("converted", "contents that are lists of texts are joined")
    return "".join(texts), "".join(thoughts)


def _part(part: object, origin: RowOrigin) -> tuple[str, str]:
    if isinstance(part, str):
        return "text", json_text(part, str(origin), "a part of the content")
    given = {k: v for k, v in part.items() if v is not None} if isinstance(part, dict) else {}
    kind = given.get("type", "text")
    if kind not in ("text", "input_text", "output_text", "thinking"):
        raise origin.error(
            f"a part of the content is of type {ascii(kind)[:40]}; only text can be read. Remove "
            "the part, or the conversation."
        )
    name = "thinking" if kind == "thinking" else "text"
    if name not in given:
        raise origin.error(f"a part of the content has no {name}. Add it, or remove the part.")
    return name, json_text(given[name], str(origin), "a part of the content")


def _reasoning(given: Mapping[str, Any], thought: str, origin: RowOrigin) -> str | None:
    values = [_text(given, name, origin) for name in _REASONING if name in given]
    texts = dict.fromkeys(text for text in (*values, thought) if text)
    if len(texts) > 1:
        names = ", ".join(name for name in _REASONING if name in given)
        raise origin.error(f"the reasoning stands twice and differs ({names}). Remove one.")
    return next(iter(texts), None)


def _text(given: Mapping[str, Any], name: str, origin: RowOrigin) -> str | None:
    return json_text(given[name], str(origin), name) if name in given else None


def _say_unread(given: Mapping[str, Any], role: Role, origin: RowOrigin) -> None:
    read = _READ - (frozenset() if role == "assistant" else frozenset(_REASONING))
    for name in given:
        is_of_tool = role == "tool" and name in _OF_TOOLS
        # Only the assistant is learnt, so it is no news that another turn is not.
        is_flag = name in _FLAGS and (role == "assistant" or not given[name])
        if name not in read and not is_of_tool and not is_flag:
            origin.say("left_out", "keys of turns are not read", f"{name} of {role}")
