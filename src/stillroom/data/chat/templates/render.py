"""Rendering: conversations as the text that a model reads, many in one bounded process.

    conversations ──batches──> template_worker ──> RenderedText: text, spans, prompts of turns

The process has neither network nor secrets, and bounds on time and memory. It takes about a second
to start, so a batch holds thousands of conversations of usual length.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from stillroom.data.chat.conversation import Conversation, Reasoning, messages_of
from stillroom.data.chat.templates.chat_template import ChatTemplate, Scalar
from stillroom.data.chat.templates.template_worker import render_in_worker
from stillroom.data.text.tokenizer import HUGGING_FACE_NAMES, SpecialTokens
from stillroom.errors import DataError
from stillroom.io.bounded_worker import Bounds, run_bounded

Learn = Literal["assistant", "last"]

BOUNDS = Bounds(seconds=300.0, result=256 * 2**20)
BATCH = 32 * 2**20  # characters of all texts that are rendered in one process
OVERHEAD = 200  # characters that a template writes for a message, roughly


@dataclass(frozen=True, slots=True)
class TurnVersion:
    """What a template makes of a conversation up to an assistant turn.

    Attributes:
        prompt: what a model is given for this turn.
        until_here: the text with this turn.
        stays: how many characters of `until_here` stay as they are when the next prompt follows.
    """

    prompt: str
    until_here: str
    stays: int


@dataclass(frozen=True, slots=True)
class TurnTexts:
    """The texts that show where an assistant turn begins and ends.

    Attributes:
        turn: its number among the turns of the conversation, from 0.
        versions: with all turns as they are, and the same without reasoning if there is any.
        refused: the template's words, if it renders no version.
    """

    turn: int
    versions: tuple[TurnVersion, ...]
    refused: str | None


@dataclass(frozen=True, slots=True)
class RenderedText:
    """What a template makes of a conversation.

    Attributes:
        text: the whole conversation.
        spans: the ranges of characters that the template marks as generated; None if it marks
            nothing.
        turns: the assistant turns to learn, in order; () if the template marks them.
        is_dated: whether the template asked for today's date. It was given a fixed one.
    """

    text: str
    spans: tuple[tuple[int, int], ...] | None
    turns: tuple[TurnTexts, ...]
    is_dated: bool


def render(
    conversations: Iterable[Conversation],
    template: ChatTemplate,
    special: SpecialTokens,
    *,
    learn: Learn,
    reasoning: Reasoning,
) -> Iterator[tuple[Conversation, RenderedText]]:
    """Yield each conversation with its text, in their order.

    Args:
        conversations: the conversations; few of them are held at a time.
        template: the template.
        special: the special tokens of the tokenizer, which a template can write.
        learn: which of the assistant turns that may be learnt are looked for: all, or the last one.
        reasoning: whether the template is given what assistants thought.

    Raises:
        DataError: the template is no Jinja, refuses a conversation, or goes beyond its bounds; the
            message names the conversation.
    """
    batch: list[Conversation] = []
    size = 0
    for one in conversations:
        batch.append(one)
        size += _size(one)
        if size >= BATCH:
            yield from _batch(batch, template, special, learn, reasoning)
            batch, size = [], 0
    yield from _batch(batch, template, special, learn, reasoning)


def _size(conversation: Conversation) -> int:
    """Return roughly how many characters are rendered for a conversation."""
    turns = conversation.turns
    asked = sum(turn.role == "assistant" for turn in turns)
    text = sum(len(turn.content) + len(turn.reasoning or "") + OVERHEAD for turn in turns)
    return text * (1 + asked)


def _batch(
    batch: list[Conversation],
    template: ChatTemplate,
    special: SpecialTokens,
    learn: Learn,
    reasoning: Reasoning,
) -> Iterator[tuple[Conversation, RenderedText]]:
    if not batch:
        return
    templates = [template.text, *([template.tool_use] if template.tool_use is not None else [])]
    requests = [_request(one, learn, reasoning, len(templates) - 1) for one in batch]
    named = {theirs: getattr(special, ours) for ours, theirs in HUGGING_FACE_NAMES.items()}
    tokens: dict[str, Scalar] = {name: token for name, token in named.items() if token is not None}
    answers = run_bounded(
        render_in_worker,
        *(templates, template.origin, tokens | dict(template.arguments), requests),
        subject=f"{template.origin}, for the conversations from {batch[0].origin} on,",
        bounds=BOUNDS,
    )
    for conversation, request, answer in zip(batch, requests, answers, strict=True):
        yield conversation, _rendered_text(answer, request["turns"])


def _request(
    conversation: Conversation, learn: Learn, reasoning: Reasoning, last_template: int
) -> dict[str, Any]:
    turns = conversation.turns
    asked = [number for number in conversation.answers if turns[number].is_learnt]
    if not asked:
        raise DataError(f"{conversation.origin} has no assistant turn to learn. Remove the row.")
    return {
        "origin": conversation.origin,
        "template": last_template if conversation.tools else 0,
        "messages": messages_of(turns, reasoning),
        "tools": [dict(tool) for tool in conversation.tools] or None,
        "turns": asked if learn == "assistant" else asked[-1:],
    }


def _rendered_text(answer: dict[str, Any], turns: list[int]) -> RenderedText:
    text, spans = answer["text"], answer["spans"]
    asked = turns if spans is None else []
    return RenderedText(
        text=text,
        spans=None if spans is None else tuple((start, end) for start, end in spans),
        turns=tuple(
            TurnTexts(turn, tuple(_version(text, two) for two in one["versions"]), one["refused"])
            for turn, one in zip(asked, answer["turns"], strict=True)
        ),
        is_dated=answer["dated"],
    )


def _version(text: str, answer: dict[str, Any]) -> TurnVersion:
    prompt, until_here = (
        text[:shared] + rest for shared, rest in (answer["prompt"], answer["until_here"])
    )
    return TurnVersion(prompt, until_here, answer["stays"])
