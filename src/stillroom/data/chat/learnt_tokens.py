"""Learnt tokens: conversations as ids, with the tokens that a student learns.

    conversations ──template──> texts ──tokenizer──> ids
                       └─ marks, or the prompts of turns ──> the assistant's tokens and their ends

Learnt are the tokens of assistant turns with the token that ends each turn. System prompts, users
and tools are context. What a template drops, such as the reasoning of earlier turns, is not learnt.
The ids are those of `apply_chat_template` of transformers.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stillroom.data.chat.conversation import Conversation, Reasoning
from stillroom.data.chat.templates.chat_template import ChatTemplate
from stillroom.data.chat.templates.chatml import CHATML, TOKENS
from stillroom.data.chat.templates.render import Learn, RenderedText, render
from stillroom.data.chat.turns.forged_tokens import refuse_forged_tokens
from stillroom.data.chat.turns.generation_spans import ranges_of_turns
from stillroom.data.chat.turns.growing_text import GrowingText
from stillroom.data.chat.turns.marked_tokenizer import MarkedTokenizer
from stillroom.data.chat.turns.turn_bounds import WholeText, bounds_of_turns
from stillroom.data.text.tokenizer import Encoding, Ids, Tokenizer
from stillroom.errors import DataError


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as tokens.

    Attributes:
        ids: [n], the ids of the whole conversation.
        learnt: [n], whether each token is learnt; at least one is.
        ends: for each learnt turn, the number of tokens up to its end, in ascending order.
        is_dated: whether the template asked for today's date and was given a fixed one.
        runs: the text in parts, each with whether its tokens are learnt.
        reference: what an answer in place of the last turn is checked against, if it is recorded
            and this turn is learnt.
    """

    ids: Ids
    learnt: NDArray[np.bool_]
    ends: tuple[int, ...]
    is_dated: bool
    runs: tuple[tuple[str, bool], ...] = ()
    reference: str | None = None


def learnt_tokens(
    conversations: Iterable[Conversation],
    template: ChatTemplate,
    tokenizer: Tokenizer,
    *,
    learn: Learn,
    reasoning: Reasoning,
) -> Iterator[Rendered]:
    """Yield each conversation as tokens, in their order.

    Args:
        conversations: the conversations; few of them are held at a time.
        template: the template that renders them.
        tokenizer: the tokenizer, whose special tokens the template writes.
        learn: all assistant turns that may be learnt, or the last one of them.
        reasoning: whether the template is given what assistants thought.

    Raises:
        DataError: the template refuses a conversation, a text contains a special token, the
            tokens of a turn cannot be told from the others, or no token is learnt; the message
            names the conversation.
    """
    marked = MarkedTokenizer(tokenizer)
    if template.text == CHATML:
        _require_tokens(TOKENS, marked)
    texts = render(
        _checked(conversations, template, marked),
        template,
        tokenizer.special,
        learn=learn,
        reasoning=reasoning,
    )
    for conversation, text in texts:
        rendered = _rendered(conversation, text, marked, learn)
        # It belongs to the last turn. Of another one, which ends what is learnt, it says nothing.
        is_of_end = conversation.turns[conversation.answers[-1]].is_learnt
        yield replace(rendered, reference=conversation.reference if is_of_end else None)


def _require_tokens(names: tuple[str, ...], tokenizer: MarkedTokenizer) -> None:
    """Refuse a tokenizer that cuts the tokens of the built-in template into pieces."""
    missing = [name for name in names if tokenizer.forged(name) != name]
    if missing:
        raise DataError(
            f"The built-in chat template needs the special tokens {' and '.join(names)}, but the "
            f"tokenizer has no {' and no '.join(missing)}. Set data.chat.template to the path of "
            "a template that writes tokens of this tokenizer."
        )


def _checked(
    conversations: Iterable[Conversation], template: ChatTemplate, tokenizer: MarkedTokenizer
) -> Iterator[Conversation]:
    for conversation in conversations:
        refuse_forged_tokens(conversation, tokenizer)
        _refuse_unwritten_calls(conversation, template)
        yield conversation


def _refuse_unwritten_calls(conversation: Conversation, template: ChatTemplate) -> None:
    """Refuse calls that a template would leave out: the student would learn to say nothing."""
    if template.reads("tool_calls"):
        return
    for number, turn in enumerate(conversation.turns, start=1):
        if turn.tool_calls:
            raise DataError(
                f"{conversation.origin}, turn {number} calls a tool, but {template.origin} writes "
                "no tool calls. Set data.chat.template to one that does, or remove the row."
            )


def _rendered(
    conversation: Conversation, rendered: RenderedText, tokenizer: MarkedTokenizer, learn: Learn
) -> Rendered:
    (encoding,) = tokenizer.encode([rendered.text])
    turns = _turns(conversation, rendered, encoding, tokenizer)
    if learn == "last":
        turns = turns[-1:]
    learnt = np.zeros(len(encoding.ids), dtype=np.bool_)
    for begin, end in (one for turn in turns for one in turn):
        learnt[begin:end] = True
    if not learnt.any():
        raise DataError(
            f"{conversation.origin}: the template leaves no token of an assistant to learn. Remove "
            "the row, or set data.chat.template to another template."
        )
    return Rendered(
        ids=encoding.ids,
        learnt=learnt,
        ends=tuple(turn[-1][1] for turn in turns),
        is_dated=rendered.is_dated,
        runs=_runs(rendered.text, encoding, learnt),
    )


def _runs(text: str, encoding: Encoding, learnt: NDArray[np.bool_]) -> tuple[tuple[str, bool], ...]:
    """Return a text in parts, each with whether its tokens are learnt."""
    changes = np.flatnonzero(learnt[1:] != learnt[:-1]) + 1
    bounds = [0, *encoding.starts[changes].tolist(), len(text)]
    flags = [bool(learnt[0]), *learnt[changes].tolist()]
    pairs = zip(bounds, bounds[1:], flags, strict=False)
    return tuple((text[begin:end], is_learnt) for begin, end, is_learnt in pairs)


def _turns(
    conversation: Conversation,
    rendered: RenderedText,
    encoding: Encoding,
    tokenizer: MarkedTokenizer,
) -> list[list[tuple[int, int]]]:
    """Return the ranges of tokens of each assistant turn that may be learnt."""
    if rendered.spans is not None:
        marked = ranges_of_turns(rendered.spans, encoding, rendered.text, tokenizer)
        return _that_may_be_learnt(conversation, marked)
    whole = WholeText(conversation.origin, GrowingText(rendered.text, encoding, tokenizer))
    return [[one] for one in bounds_of_turns(whole, rendered.turns)]


def _that_may_be_learnt(
    conversation: Conversation, marked: list[list[tuple[int, int]]]
) -> list[list[tuple[int, int]]]:
    """Return the turns that a template marks, without those that are only context."""
    flags = [conversation.turns[number].is_learnt for number in conversation.answers]
    if all(flags):
        return marked
    if len(marked) != len(flags):
        raise DataError(
            f"{conversation.origin}: the template marks {len(marked)} turns with "
            f"{{% generation %}}, but the assistant has {len(flags)}, so those that weight or "
            "train excludes cannot be told from the others. Remove the row."
        )
    return [turn for turn, is_learnt in zip(marked, flags, strict=True) if is_learnt]
