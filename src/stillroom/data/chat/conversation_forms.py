"""Conversation forms: a row in, a conversation out; its columns say which form it has.

    messages | conversations      a list of turns                  ──┐
    prompt, completion            texts, or lists of turns           │
    instruction, input, output    Alpaca's texts, with a history     ├──> Conversation
    two configured columns        texts, or lists of turns         ──┘
    system, tools                 beside each form

Of several forms in a row the first one is read. Each row is judged alone, by the columns that have
a value in it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stillroom.data.chat.conversation import Conversation, Turn
from stillroom.data.chat.row_origin import RowOrigin
from stillroom.data.chat.tool_values import has_null_schema, json_of, tools_of
from stillroom.data.chat.turn_values import turn_of
from stillroom.data.tables.json_columns import json_text
from stillroom.errors import ConfigError

Row = Mapping[str, Any]
BESIDE = ("system", "tools")


@dataclass(frozen=True, slots=True)
class PairColumns:
    """The columns of the question and of its answer, where the configuration names them."""

    prompt: str
    answer: str

    def __post_init__(self) -> None:
        """Raise ConfigError if one column is to be both, or has a meaning of its own."""
        if self.prompt == self.answer or {self.prompt, self.answer} & set(BESIDE):
            raise ConfigError(
                f"The columns of prompt and answer are {self.prompt} and {self.answer}. Name two "
                f"different columns, and neither of {' and '.join(BESIDE)}."
            )


@dataclass(frozen=True, slots=True)
class ConversationForm:
    """A way to write a conversation in columns.

    Attributes:
        needed: the columns that it has.
        optional: columns that it may have.
        words: how it is read, for the notice.
        turns: gives the turns of a row.
    """

    needed: tuple[str, ...]
    words: str
    turns: Callable[[Row, RowOrigin], list[Turn]]
    optional: tuple[str, ...] = ()


def forms_of(pair: PairColumns | None) -> tuple[ConversationForm, ...]:
    """Return the forms that are recognised, the first one first."""
    if pair is not None:
        return (_pair_form(pair.prompt, pair.answer),)
    lists = [_list_form(name) for name in ("messages", "conversations", "conversation")]
    return (*lists, _pair_form("prompt", "completion"), _ALPACA)


def columns_of(forms: tuple[ConversationForm, ...]) -> tuple[str, ...]:
    """Return all columns that forms read."""
    names = [name for form in forms for name in (*form.needed, *form.optional)]
    return tuple(dict.fromkeys((*names, *BESIDE)))


def conversation_of(
    row: Row, forms: tuple[ConversationForm, ...], origin: RowOrigin
) -> Conversation:
    """Return the conversation of a row.

    Args:
        row: the values by column; further columns do not matter.
        forms: those that are allowed.
        origin: the place of the row.

    Raises:
        DataError: the row has no form, or a turn cannot be read; the message names the turn.
    """
    try:
        return _conversation(row, forms, origin)
    except RecursionError:
        raise origin.error("a value is nested too deeply. Correct the row.") from None


def _conversation(row: Row, forms: tuple[ConversationForm, ...], origin: RowOrigin) -> Conversation:
    given = {name: value for name, value in row.items() if value is not None}
    fitting = [form for form in forms if all(name in given for name in form.needed)]
    if not fitting:
        raise _no_form(row, forms, origin)
    form, *others = fitting
    origin.say("guessed", f"conversations are read from {form.words}")
    for other in others:
        left_out = f"beside {form.needed[0]}, other columns with conversations are not read"
        origin.say("left_out", left_out, " and ".join(other.needed))
    if has_null_schema(given.get("tools")):
        origin = origin.filled()
    turns = form.turns(given, origin)
    turns = _with_system(turns, given, origin)
    if not any(turn.role == "assistant" for turn in turns):
        raise origin.error(
            f"none of its {len(turns)} turns is the assistant's, so there is nothing to learn. "
            "Add an answer, or remove the row."
        )
    if not any(turn.is_learnt for turn in turns if turn.role == "assistant"):
        raise origin.error(
            "no turn of the assistant is learnt, because weight or train excludes each of them. "
            "Correct one, or remove the row."
        )
    tools = tools_of(given.get("tools"), origin)
    return Conversation(turns=tuple(turns), part=origin.part, row=origin.row, tools=tools)


def _no_form(row: Row, forms: tuple[ConversationForm, ...], origin: RowOrigin) -> Exception:
    empty = [form for form in forms if all(name in row for name in form.needed)]
    if empty:
        nulls = [name for name in empty[0].needed if row[name] is None]
        verb = "has no value" if len(nulls) == 1 else "have no value"
        return origin.error(f"{' and '.join(nulls)} {verb} (null). Fill it, or remove the row.")
    allowed = "; ".join(" and ".join(form.needed) for form in forms)
    return origin.error(
        f"its columns ({', '.join(list(row)[:10]) or 'none'}) hold no conversation. Allowed: "
        f"{allowed}. Rename the columns, or name those of prompt and answer in data.columns."
    )


def _with_system(turns: list[Turn], row: Row, origin: RowOrigin) -> list[Turn]:
    if not row.get("system"):
        return turns
    text = json_text(row["system"], str(origin), "system")
    if turns and turns[0].role == "system":
        if turns[0].content != text:
            raise origin.error("column system and turn 0 are two system prompts. Remove one.")
        return turns
    return [Turn(role="system", content=text), *turns]


def _list_form(name: str) -> ConversationForm:
    def turns(row: Row, origin: RowOrigin) -> list[Turn]:
        return _turns(row[name], name, origin)

    return ConversationForm((name,), f"the column {name}", turns)


def _turns(value: object, name: str, origin: RowOrigin, start: int = 0) -> list[Turn]:
    """Return the turns of a list of messages; the first one has the number `start`."""
    if isinstance(value, str):
        origin.say("converted", f"{name} in JSON text are parsed")
        value = json_of(value, name, origin)
    if isinstance(value, dict) and value and all(isinstance(one, list) for one in value.values()):
        value = _transposed(value, name, origin)
    if not isinstance(value, list):
        raise origin.error(f"{name} is {ascii(value)[:40]}, not a list of turns.")
    if not value:
        raise origin.error(f"{name} is an empty list. Add turns, or remove the row.")
    return [turn_of(one, origin.at_turn(number)) for number, one in enumerate(value, start)]


def _transposed(
    columns: Mapping[str, list[Any]], name: str, origin: RowOrigin
) -> list[dict[str, Any]]:
    """Return {"role": [a, b], …} as [{"role": a, …}, …]: `datasets` stores sequences like this."""
    if len({len(values) for values in columns.values()}) > 1:
        raise origin.error(f"the lists in {name} differ in length. Correct the row.")
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, values, strict=True)) for values in rows]


def _pair_form(prompt: str, answer: str) -> ConversationForm:
    def turns(row: Row, origin: RowOrigin) -> list[Turn]:
        before = _side(row[prompt], prompt, "user", origin, 0)
        after = _side(row[answer], answer, "assistant", origin, len(before))
        if any(turn.role == "assistant" for turn in before):
            origin.say("guessed", f"assistant turns in {prompt} are turns like those in {answer}")
        return [*before, *after]

    words = f"the columns {prompt} (user, if it is text) and {answer} (assistant)"
    return ConversationForm((prompt, answer), words, turns)


def _side(value: object, name: str, role: str, origin: RowOrigin, start: int) -> list[Turn]:
    if isinstance(value, list | dict):
        return _turns(value, name, origin, start)
    json_text(value, str(origin), name)
    return [turn_of({"role": role, "content": value}, origin.at_turn(start))]


def _alpaca_turns(row: Row, origin: RowOrigin) -> list[Turn]:
    instruction = json_text(row["instruction"], str(origin), "instruction")
    context = json_text(row.get("input", ""), str(origin), "input")
    asked = f"{instruction}\n{context}" if context else instruction
    earlier = _history(row.get("history"), origin)
    last = origin.at_turn(len(earlier) + 1)
    answer = turn_of({"role": "assistant", "content": row["output"]}, last)
    return [*earlier, Turn(role="user", content=asked), answer]


def _history(value: object, origin: RowOrigin) -> list[Turn]:
    """Return the turns before the instruction, from a list of [question, answer]."""
    if not value:
        return []
    pairs: list[Any] = value if isinstance(value, list) else [value]
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise origin.error("history is no list of [question, answer]. Correct it.")
    texts = [text for pair in pairs for text in pair]
    return [
        turn_of({"role": "assistant" if n % 2 else "user", "content": text}, origin.at_turn(n))
        for n, text in enumerate(texts)
    ]


_ALPACA = ConversationForm(
    ("instruction", "output"),
    "the columns instruction, input (below it, after a line break) and output",
    _alpaca_turns,
    optional=("input", "history"),
)
