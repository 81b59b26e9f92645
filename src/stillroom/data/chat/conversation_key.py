"""Conversation keys: the key of a conversation by its content, and its prompts as plain words.

    roles, texts, reasoning, calls, tools ──canonical JSON──blake2b──> 16 bytes
    texts of the user ──NFKC, case folded, words only──> "what is the default of n in nlargest"

The key does not depend on the file, the row, the split, the ids of calls or the order of keys in
arguments and tools. So the same conversation in JSON Lines and in Parquet has one key.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any
from unicodedata import normalize

from stillroom.data.chat.conversation import Conversation, Turn
from stillroom.data.example_ids import KEY_BYTES

_PERSON = b"stillroom.chat.1"
_WORD = re.compile(r"[^\W_]+")


def conversation_key(conversation: Conversation) -> bytes:
    """Return the key of a conversation, 16 bytes."""
    content = [[_content(turn) for turn in conversation.turns], list(conversation.tools)]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(canonical.encode(), digest_size=KEY_BYTES, person=_PERSON).digest()


def prompt_words(conversation: Conversation) -> list[str]:
    """Return the words of the user in all turns, in lower case and without punctuation.

    System prompts and tools are no part of it: many conversations share them. Scripts without
    blanks between words, such as Chinese, give a word for each run of letters.
    """
    texts = (turn.content for turn in conversation.turns if turn.role == "user")
    return [word for text in texts for word in _WORD.findall(normalize("NFKC", text).casefold())]


def word_ngrams(words: list[str], length: int = 13) -> Iterator[str]:
    """Yield each run of `length` words; all words together, if they are fewer.

    13 words are what Brown et al. (2020), arXiv 2005.14165, appendix C, count as an overlap.
    """
    for start in range(max(1, len(words) - length + 1) if words else 0):
        yield " ".join(words[start : start + length])


def _content(turn: Turn) -> list[Any]:
    calls = [[call["name"], call["arguments"]] for call in turn.tool_calls]
    return [turn.role, turn.content, turn.reasoning, calls, turn.name]
