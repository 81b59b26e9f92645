"""Generation spans: the tokens of what a template marks with {% generation %}, turn by turn.

    ranges of characters, tokens with their offsets ──> for each turn its ranges of tokens

The marks of a template decide. Many of them stand before the token that ends the turn; that token
is learnt too, or the student would never stop.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from stillroom.data.chat.turns.marked_tokenizer import MarkedTokenizer
from stillroom.data.text.tokenizer import Encoding

Range = tuple[int, int]


def ranges_of_turns(
    spans: Sequence[Range], encoding: Encoding, text: str, tokenizer: MarkedTokenizer
) -> list[list[Range]]:
    """Return the ranges of tokens in each turn.

    Args:
        spans: the marked ranges of characters, in order.
        encoding: the tokens of the text.
        text: the rendered conversation.
        tokenizer: what knows which tokens are special.

    Returns:
        For each turn its ranges. Ranges belong to one turn up to one that ends with a special
        token, or is followed by the special token that ends a turn.
    """
    turns: list[list[Range]] = []
    is_open = False
    for start, end, characters in _token_ranges(spans, encoding):
        until, is_ended = _with_end(start, end, text[:characters], encoding, tokenizer)
        if is_open:
            turns[-1].append((start, until))
        else:
            turns.append([(start, until)])
        is_open = not is_ended
    return turns


def _token_ranges(spans: Sequence[Range], encoding: Encoding) -> Iterator[tuple[int, int, int]]:
    """Yield the first token of each span, the one after its last, and the end of its characters.

    A token of which a part is marked belongs to the span, as in transformers. Spans without any
    characters are left out.
    """
    for first, last in spans:
        inside = np.flatnonzero((encoding.ends > first) & (encoding.starts < last))
        if last > first and len(inside):
            yield int(inside[0]), int(inside[-1]) + 1, last


def _with_end(
    start: int, end: int, text: str, encoding: Encoding, tokenizer: MarkedTokenizer
) -> tuple[int, bool]:
    """Return where a range ends with the token that ends the turn, and whether there is one."""
    at = np.flatnonzero(tokenizer.are_special(encoding.ids[start:end]))
    if len(at) and not text[int(encoding.ends[start + at[-1]]) :].strip():
        return end, True
    following = int(encoding.ids[end]) if end < len(encoding.ids) else None
    if following in tokenizer.special and following != tokenizer.begin:
        return end + 1, True
    return end, False
