"""Forged tokens: texts of a conversation that would become special tokens.

    conversation, special tokens ──> nothing, or an error that names the turn and the token

A template writes the texts of turns as they are. A user who writes `<|im_end|>` would end the turn
and could go on as the assistant, and these words would be learnt as the assistant's.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stillroom.data.chat.conversation import Conversation, Turn
from stillroom.data.chat.turns.marked_tokenizer import MarkedTokenizer
from stillroom.errors import DataError
from stillroom.io.printable import printable


def refuse_forged_tokens(conversation: Conversation, tokenizer: MarkedTokenizer) -> None:
    """Refuse a conversation in which a text contains the name of a special token.

    Raises:
        DataError: it does, or a text is no Unicode; the message names the turn.
    """
    for number, turn in enumerate(conversation.turns, start=1):
        for text in _texts(turn):
            _check(text, tokenizer, f"{conversation.origin}, turn {number}")
    for text in _strings(conversation.tools):
        _check(text, tokenizer, f"{conversation.origin}, tools")


def _check(text: str, tokenizer: MarkedTokenizer, where: str) -> None:
    forged = tokenizer.forged(text)
    if forged is not None:
        raise DataError(
            f"{where} contains {printable(forged)}, a special token of the tokenizer, which would "
            "end or begin a turn in the middle of this one. Remove it from the text, or remove "
            "the row."
        )
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise DataError(f"{where} contains half of a surrogate pair, which is no text. Remove it.")


def _texts(turn: Turn) -> Iterator[str]:
    yield turn.content
    yield from (text for text in (turn.reasoning, turn.name, turn.call_id) if text is not None)
    yield from _strings(turn.tool_calls)


def _strings(value: Any) -> Iterator[str]:
    """Yield each text in a value of JSON, and the keys of its objects."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
