"""The worker of templates: it renders conversations in a process of its own, within bounds.

    requests ──transformers' sandbox, a clock that stands still──> texts, spans, prompts of turns

A template is a program of someone else. It runs in the sandbox of `transformers`, so the texts are
those of everyone else, with a bound on the time and on the text of each conversation; the process
has a bound on memory. A text that shares its beginning with the whole conversation is given as the
length of that beginning and the rest, because the prompts of all turns would be many times longer.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from stillroom.data.chat.common_beginning import common_length
from stillroom.errors import DataError
from stillroom.io.printable import printable

SECONDS = 10.0  # for one conversation
MOST_CHARACTERS = 2**24  # of one rendered text
LONGEST_WORDS = 200  # characters of a template's own words that a message repeats
# Templates that write the date would give other tokens tomorrow, and no kept answer of a teacher
# would fit them. It is the date that Llama 3's templates write where there is no clock.
DATE = datetime(2024, 7, 26)

Request = dict[str, Any]
Message = dict[str, Any]


class _RefusedError(Exception):
    """The template cannot render some messages; the text says why."""


def render_in_worker(
    templates: list[str], origin: str, variables: dict[str, Any], requests: list[Request]
) -> list[dict[str, Any]]:
    """Do what `render_requests` does, in a process that does nothing else.

    Raises:
        DataError: see `render_requests`.
    """
    os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
    sys.modules["torch"] = None  # type: ignore[assignment]  # the import takes a third of the time
    return render_requests(templates, origin, variables, requests)


def render_requests(
    templates: list[str], origin: str, variables: dict[str, Any], requests: list[Request]
) -> list[dict[str, Any]]:
    """Return what a template makes of each conversation.

    Args:
        templates: the texts of the templates.
        origin: where the templates were read.
        variables: what else the templates can read: the special tokens, by their names there, such
            as `eos_token`, and the configured arguments.
        requests: for each conversation `origin`, `template` (a number), `messages`, `tools`, and
            `turns`, the numbers of the assistant turns to find.

    Returns:
        For each conversation: `text`; `spans`, the characters that the template marks as generated,
        or None if it marks nothing; `dated`, whether it asked for the date; `turns`, see `_turn`.

    Raises:
        DataError: the template is no Jinja, refuses a conversation, or goes beyond its bounds.
    """
    renderers = [_Renderer(text, origin, variables) for text in templates]
    return [_rendered(renderers[one["template"]], one) for one in requests]


class _Renderer:
    """A compiled template with its variables and its clock."""

    def __init__(self, text: str, origin: str, variables: dict[str, Any]) -> None:
        from transformers.utils import chat_template_utils

        self.text, self.origin, self.variables = text, origin, variables
        self.render: Any = chat_template_utils.render_jinja_template
        self.has_marks = _has_marks(text)
        self.dated = False
        try:
            # transformers keeps what it compiled, so it renders with the clock that is set here.
            compiled = chat_template_utils._compile_jinja_template(text)
        except Exception as error:
            line = getattr(error, "lineno", None)
            where = "" if line is None else f"line {line}: "
            raise DataError(
                f"{origin} cannot be read as Jinja ({where}{_words(error)}). Correct it, or set "
                "data.chat.template to another."
            ) from error
        compiled.environment.globals["strftime_now"] = self._date

    def _date(self, form: str) -> str:
        self.dated = True
        return DATE.strftime(form)

    def __call__(
        self, messages: list[Message], tools: list[Any] | None, *, prompt: bool
    ) -> tuple[str, list[list[int]]]:
        """Return the text of messages and its generated spans.

        Args:
            messages: the messages.
            tools: the tools; None for none.
            prompt: whether the text ends with the prompt of the assistant.

        Raises:
            _RefusedError: the template raised an error.
        """
        try:
            texts, spans = self.render(
                [messages],
                tools=tools,
                chat_template=self.text,
                return_assistant_tokens_mask=self.has_marks,
                add_generation_prompt=prompt,
                **self.variables,
            )
        except MemoryError:
            raise
        except Exception as error:  # a template can raise what Python can raise
            raise _RefusedError(_words(error)) from error
        return texts[0], [list(span) for span in spans[0]] if self.has_marks else []


def _has_marks(template: str) -> bool:
    import re

    # The pattern of transformers, by which it decides whether to keep the spans.
    return re.search(r"\{\%-?\s*generation\s*-?\%\}", template) is not None


def _rendered(renderer: _Renderer, request: Request) -> dict[str, Any]:
    renderer.dated = False
    try:
        with _time_limit(SECONDS):
            return _answer(renderer, request)
    except _TooLongError:
        raise DataError(
            f"{request['origin']}: {renderer.origin} takes more than {SECONDS:g} s for this "
            "conversation. Set data.chat.template to another."
        ) from None


def _answer(renderer: _Renderer, request: Request) -> dict[str, Any]:
    messages, tools = request["messages"], request["tools"]
    try:
        text, spans = renderer(messages, tools, prompt=False)
    except _RefusedError as refusal:
        raise _order_error(renderer, request, str(refusal)) from refusal
    if len(text) > MOST_CHARACTERS:
        raise DataError(
            f"{request['origin']}: {renderer.origin} makes {len(text):,} characters of this "
            f"conversation; at most {MOST_CHARACTERS:,} are allowed. Remove the row."
        )
    turns = [] if renderer.has_marks else request["turns"]
    return {
        "text": text,
        "spans": spans if renderer.has_marks else None,
        "turns": [_turn(renderer, messages, tools, number, text) for number in turns],
        "dated": renderer.dated,
    }


def _turn(
    renderer: _Renderer, messages: list[Message], tools: Any, number: int, text: str
) -> dict[str, Any]:
    """Return the texts that show where an assistant turn begins and ends.

    Returns:
        `versions`: what the template makes of the messages up to this turn, and of the same without
        reasoning, since some templates drop that of earlier turns once a user speaks again;
        `refused`: the template's words if it gives no version, else None.
    """
    until = messages[: number + 1]
    plain = [_without_reasoning(one) for one in until]
    versions, refused = [], None
    for version in [until, plain] if plain != until else [until]:
        try:
            versions.append(_version(renderer, version, tools, text))
        except _RefusedError as refusal:
            refused = str(refusal)
    return {"versions": versions, "refused": None if versions else refused}


def _without_reasoning(message: Message) -> Message:
    """Return a message without its reasoning, also where that is a part of the content."""
    plain = {key: value for key, value in message.items() if key != "reasoning_content"}
    _, thinks, answer = message["content"].rpartition("</think>")
    is_thought = thinks and message["role"] == "assistant"
    return plain | {"content": answer.lstrip("\n")} if is_thought else plain


def _version(renderer: _Renderer, messages: list[Message], tools: Any, text: str) -> dict[str, Any]:
    """Return the prompt of the last of some messages, and the text with it.

    Returns:
        `prompt`: what a model is given for the last message; `until_here`: the text with it;
        `stays`: how many characters of that stay as they are when the next prompt follows.
    """
    prompt, _ = renderer(messages[:-1], tools, prompt=True)
    until_here, _ = renderer(messages, tools, prompt=False)
    try:
        following, _ = renderer(messages, tools, prompt=True)
    except _RefusedError:
        following = until_here
    return {
        "prompt": _from_common(text, prompt),
        "until_here": _from_common(text, until_here),
        "stays": common_length(until_here, following),
    }


def _from_common(text: str, other: str) -> list[Any]:
    """Return how many characters two texts share at their beginning, and the rest of the other."""
    shared = common_length(text, other)
    return [shared, other[shared:]]


def _order_error(renderer: _Renderer, request: Request, words: str) -> DataError:
    """Return the error for a conversation that a template refuses, with the turn that it minds."""
    messages, tools = request["messages"], request["tools"]
    for number in range(1, len(messages)):
        try:
            renderer(messages[:number], tools, prompt=False)
        except _RefusedError as refusal:
            if str(refusal) == words:
                return _refusal(renderer, request, number, words)
    return _refusal(renderer, request, len(messages), words)


def _refusal(renderer: _Renderer, request: Request, turn: int, words: str) -> DataError:
    return DataError(
        f"{request['origin']}, turn {turn}: {renderer.origin} refuses this conversation "
        f"({words}). Remove the row, or set data.chat.template to a template that takes it."
    )


def _words(error: BaseException) -> str:
    """Return the words of an error on one line; those of `raise_exception` as they are."""
    kind = type(error).__name__
    said = printable(" ".join(str(error).split()))[:LONGEST_WORDS]
    return said if said and kind in ("TemplateError", "TemplateSyntaxError") else f"{kind}: {said}"


class _TooLongError(BaseException):
    """A conversation took too long; no template can take it for an error of its own."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise `_TooLongError` in what runs longer."""

    def stop(*_: object) -> None:
        raise _TooLongError

    earlier: Callable[..., Any] | int | None = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)
