"""Learnt tokens of conversations in which some turns of the assistant are only context."""

from dataclasses import replace
from typing import Any

import pytest
from support.examples.chat_families import FAMILIES, Family
from support.examples.chat_rows import conversation
from support.examples.chat_tokenizer import chat_tokenizer, ids_of

from stillroom.data.chat.conversation import Conversation
from stillroom.data.chat.learnt_tokens import Rendered, learnt_tokens
from stillroom.data.chat.templates.chat_template import ChatTemplate
from stillroom.errors import DataError

pytestmark = pytest.mark.usefixtures("in_this_process")


def learnt(one: Conversation, family: Family, **options: Any) -> Rendered:
    settings: dict[str, Any] = {"learn": "assistant", "reasoning": "keep"} | options
    template = ChatTemplate(family.template, "the template")
    tokenizer = chat_tokenizer(family.begin, family.end)
    (rendered,) = learnt_tokens([one], template, tokenizer, **settings)
    return rendered


def runs_of(one: Conversation, family: Family) -> list[list[int]]:
    """Return the tokens of each learnt run, as an oracle says, while every turn may be learnt."""
    runs: list[list[int]] = []
    at, is_open = 0, False
    for text, is_learnt in family.oracle(one):
        length = len(ids_of(chat_tokenizer(family.begin, family.end), text))
        if is_learnt and not is_open:
            runs.append([])
        if is_learnt:
            runs[-1] += range(at, at + length)
        at, is_open = at + length, is_learnt
    return runs


def with_context(one: Conversation, numbers: list[int]) -> Conversation:
    """Return a conversation in which some turns are only context."""
    turns = tuple(
        replace(turn, is_learnt=number not in numbers) for number, turn in enumerate(one.turns)
    )
    return replace(one, turns=turns)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_turn_that_is_context_is_not_learnt_and_the_others_stay(name: str) -> None:
    family = FAMILIES[name]
    seen = 0
    for seed in range(30):
        one = conversation(
            seed, system=family.system, tools=family.tools, reasoning=family.reasoning
        )
        runs = runs_of(one, family)
        if len(runs) < 2 or len(runs) != len(one.answers):
            continue
        seen += 1
        dropped = seed % len(runs)
        given = with_context(one, [one.answers[dropped]])
        kept = [run for number, run in enumerate(runs) if number != dropped]
        rendered = learnt(given, family)
        assert rendered.learnt.nonzero()[0].tolist() == [at for run in kept for at in run]
        assert rendered.ends == tuple(run[-1] + 1 for run in kept)
        assert rendered.ids.tolist() == learnt(one, family).ids.tolist()
        last = learnt(given, family, learn="last")
        assert last.learnt.nonzero()[0].tolist() == kept[-1]
    assert seen


def test_marks_that_do_not_fit_the_turns_are_refused() -> None:
    family = FAMILIES["ChatML"]
    one = conversation(0, system=True, tools=False, reasoning=False)
    one = replace(one, turns=(*one.turns, *one.turns[1:]))
    template = (
        "{% for m in messages %}{% if m.role == 'assistant' and not loop.last %}"
        "{% generation %}{{ m.content }}<|im_end|>{% endgeneration %}"
        "{% else %}{{ m.content }}<|im_end|>{% endif %}{% endfor %}"
    )
    given = with_context(one, one.answers[:1])
    with pytest.raises(DataError, match=r"marks \d+ turns .* but the assistant has \d+, so those"):
        learnt(given, replace(family, template=template))


def test_the_reference_of_a_last_turn_that_is_context_is_no_other_turns() -> None:
    family = FAMILIES["ChatML"]
    one = next(
        replace(drawn, reference="7")
        for drawn in (
            conversation(seed, system=family.system, tools=False, reasoning=False)
            for seed in range(30)
        )
        if len(drawn.answers) > 1
    )
    assert learnt(with_context(one, one.answers[:1]), family).reference == "7"
    assert learnt(with_context(one, one.answers[-1:]), family).reference is None
