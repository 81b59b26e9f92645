"""Turn bounds: where each assistant turn begins and ends among the ids of a conversation.

    texts of a turn: the prompt, and the conversation up to its end ──compared as ids──> begin, end

A turn begins where the prompt of the template ends: what a model is given before it answers, but
for tags of reasoning that a template opens in a prompt and drops from earlier turns. The turn ends
with the special token that the template writes after it; a newline behind that token belongs
to the template. Text may merge with its neighbours into one token, so all comparisons are of ids.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from stillroom.data.chat.templates.render import TurnTexts, TurnVersion
from stillroom.data.chat.turns.growing_text import GrowingText
from stillroom.data.chat.turns.marked_tokenizer import MarkedTokenizer
from stillroom.data.text.tokenizer import Encoding, Ids
from stillroom.errors import DataError

Bounds = tuple[int, int]
# Some templates open the reasoning of a turn in its prompt, and leave it out of earlier turns.
OPENED = re.compile(r"(<think>\s*)?(</think>\s*)?\Z")
SHOWN = 30  # characters that an error shows of each text
WAY_OUT = (
    "Mark what the assistant writes with {% generation %} in a copy of the template, and set "
    "data.chat.template to its path."
)


@dataclass(frozen=True, slots=True)
class WholeText:
    """A rendered conversation.

    Attributes:
        origin: its name in messages.
        growing: its text and tokens.
    """

    origin: str
    growing: GrowingText

    @property
    def text(self) -> str:
        """What the template made of it."""
        return self.growing.text

    @property
    def ids(self) -> Ids:
        """The ids of the text, [n]."""
        return self.growing.encoding.ids

    @property
    def tokenizer(self) -> MarkedTokenizer:
        """What made the ids."""
        return self.growing.tokenizer


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """Where a turn ends in a conversation that ends with it.

    Attributes:
        ids: the ids of that conversation.
        at: the position of the token that ends the turn; None if there is no such token.
    """

    ids: Ids
    at: int | None


def bounds_of_turns(whole: WholeText, turns: Sequence[TurnTexts]) -> list[Bounds]:
    """Return the begin and end of each turn among the ids, in order.

    Raises:
        DataError: the whole text does not extend the prompt of a turn, or the end of a turn
            cannot be told; the message names the conversation and the turn.
    """
    bounds: list[Bounds] = []
    for number, turn in enumerate(turns):
        begin, ends = _begin_and_ends(whole, turn)
        if bounds and begin < bounds[-1][1]:
            raise _no_end(whole, turns[number - 1])
        bounds.append((begin, _end(whole, turn, begin, ends)))
    return bounds


def _begin_and_ends(whole: WholeText, turn: TurnTexts) -> tuple[int, list[TurnEnd]]:
    """Return how many ids stand before a turn, and where it ends in each version."""
    if turn.refused is not None:
        raise DataError(
            f"{_name(whole, turn)}: the template gives no prompt for this turn ({turn.refused}). "
            f"Remove the row. Or: {WAY_OUT}"
        )
    as_given = whole.growing.encode([one.prompt for one in turn.versions])
    unopened = whole.growing.encode([OPENED.sub("", one.prompt) for one in turn.versions])
    prompts = [one.ids for one in (*as_given, *unopened)]
    begin = next((len(one) for one in prompts if _extends(whole.ids, one)), None)
    if begin is None:
        raise _no_extension(whole, turn, prompts[0])
    return begin, [
        TurnEnd(encoding.ids, _end_token(version, encoding, len(prompt), whole.tokenizer))
        for version, encoding in zip(turn.versions, _until_here(whole, turn), strict=True)
        for prompt in _longest_extended(encoding.ids, prompts)
    ]


def _until_here(whole: WholeText, turn: TurnTexts) -> list[Encoding]:
    return whole.growing.encode([one.until_here for one in turn.versions])


def _longest_extended(ids: Ids, prompts: Sequence[Ids]) -> list[Ids]:
    """Return the longest prompt that some ids extend; [] if they extend none."""
    extended = [prompt for prompt in prompts if _extends(ids, prompt)]
    return [max(extended, key=len)] if extended else []


def _end_token(
    version: TurnVersion, encoding: Encoding, begin: int, tokenizer: MarkedTokenizer
) -> int | None:
    """Return the position of the token that ends a turn in a text that ends with it.

    It is the last special token, but for blanks, among those that stay when the next prompt
    follows. If no such token stays, it is the special token that the prompt replaces. A prompt
    that changes more than the end of the text says nothing.
    """
    ids, text = encoding.ids, version.until_here
    staying = int(np.searchsorted(encoding.ends, version.stays, side="right"))
    if not _ends_only(text, encoding, staying, tokenizer):
        staying = len(ids)
    special = np.flatnonzero(tokenizer.are_special(ids[begin:staying])) + begin
    if len(special):
        last = int(special[-1])
        if not text[encoding.ends[last] : encoding.ends[staying - 1]].strip():
            return last
    is_replaced = staying < len(ids) and int(ids[staying]) in tokenizer.special
    return staying if is_replaced else None


def _ends_only(text: str, encoding: Encoding, start: int, tokenizer: MarkedTokenizer) -> bool:
    """Tell whether all tokens from one on are special or blank."""
    rest = zip(encoding.starts[start:], encoding.ends[start:], strict=True)
    are_special = tokenizer.are_special(encoding.ids[start:])
    return all(
        is_special or not text[begin:end].strip()
        for (begin, end), is_special in zip(rest, are_special, strict=True)
    )


def _end(
    whole: WholeText,
    turn: TurnTexts,
    begin: int,
    ends: Sequence[TurnEnd],
) -> int:
    """Return how many ids there are up to the end of a turn.

    Most templates write a turn in the same way whether or not it is the last. Where one does not,
    the turn ends with the next token of the kind that ends it when it is the last.
    """
    for end in ends:
        if end.at is None and len(end.ids) > begin and _extends(whole.ids, end.ids):
            return len(end.ids)
        if end.at is not None and _ends_alike(whole, end.ids, end.at):
            return end.at + 1
    enders = [int(end.ids[end.at]) for end in ends if end.at is not None]
    following = np.flatnonzero(np.isin(whole.ids[begin:], enders))
    if not len(following):
        raise _no_end(whole, turn)
    return begin + int(following[0]) + 1


def _ends_alike(whole: WholeText, until_here: Ids, at: int) -> bool:
    """Tell whether a conversation has the same ids up to a token that ends a turn.

    Some templates end the last turn with another token than the others. Such a token is not
    followed by text, as the token is that begins the next turn.
    """
    ids, special = whole.ids, whole.tokenizer.special
    if at >= len(ids) or not np.array_equal(ids[:at], until_here[:at]):
        return False
    if ids[at] == until_here[at]:
        return True
    is_followed_by_text = at + 1 < len(ids) and int(ids[at + 1]) not in special
    return int(ids[at]) in special and not is_followed_by_text


def _extends(whole: Ids, prefix: Ids) -> bool:
    return len(prefix) <= len(whole) and np.array_equal(whole[: len(prefix)], prefix)


def _name(whole: WholeText, turn: TurnTexts) -> str:
    return f"{whole.origin}, turn {turn.turn + 1}"


def _no_extension(whole: WholeText, turn: TurnTexts, prompt: Ids) -> DataError:
    """Return the error for a turn whose prompt is no beginning of the conversation."""
    given = turn.versions[0].prompt
    at = next(_differences(given, whole.text), min(len(given), len(whole.text)))
    ids = next(_differences(prompt, whole.ids), min(len(prompt), len(whole.ids)))
    ours, theirs = whole.ids[ids : ids + 3].tolist(), prompt[ids : ids + 3].tolist()
    start = max(0, at - SHOWN)
    return DataError(
        f"{_name(whole, turn)}: what a model is given before this turn is not how the conversation "
        f"begins. Given is {given[start : at + SHOWN]!r}, ids {theirs}; the conversation has "
        f"{whole.text[start : at + SHOWN]!r}, ids {ours}. {WAY_OUT}"
    )


def _differences(ours: Sequence[object] | Ids, theirs: Sequence[object] | Ids) -> Iterator[int]:
    """Yield the positions at which two sequences differ, as far as the shorter one goes."""
    for at, (one, other) in enumerate(zip(ours, theirs, strict=False)):
        if one != other:
            yield at


def _no_end(whole: WholeText, turn: TurnTexts) -> DataError:
    return DataError(
        f"{_name(whole, turn)}: the end of the assistant's turn cannot be told from what follows, "
        f"because the template writes no token after it that ends it. {WAY_OUT}"
    )
