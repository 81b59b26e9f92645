"""Learnt tokens, against oracles written by hand for twelve families of templates."""

from dataclasses import replace
from typing import Any

import pytest
import tokenizers
import transformers
from support.examples.chat_families import FAMILIES, Family
from support.examples.chat_rows import conversation, messages
from support.examples.chat_tokenizer import chat_tokenizer, ids_of

from stillroom.data.chat.conversation import Conversation
from stillroom.data.chat.learnt_tokens import Rendered, learnt_tokens
from stillroom.data.chat.templates.chat_template import ChatTemplate
from stillroom.data.text.tokenizer import Tokenizer
from stillroom.errors import DataError

pytestmark = pytest.mark.usefixtures("in_this_process")
ROWS = 40


def tokenizer_of(family: Family) -> Tokenizer:
    return chat_tokenizer(family.begin, family.end)


def rows(family: Family) -> list[Conversation]:
    kinds = {"system": family.system, "tools": family.tools, "reasoning": family.reasoning}
    return [conversation(seed, **kinds) for seed in range(ROWS)]


def learnt(given: list[Conversation], family: Family, **options: Any) -> list[Rendered]:
    settings: dict[str, Any] = {"learn": "assistant", "reasoning": "keep"} | options
    template = ChatTemplate(family.template, "the template")
    return list(learnt_tokens(given, template, tokenizer_of(family), **settings))


def expected(one: Conversation, family: Family) -> tuple[list[int], list[bool]]:
    """Return the ids of an oracle's pieces, each tokenized by itself, and their mask."""
    ids, mask = [], []
    for text, is_learnt in family.oracle(one):
        piece = ids_of(tokenizer_of(family), text)
        ids += piece
        mask += [is_learnt] * len(piece)
    return ids, mask


@pytest.mark.parametrize("name", FAMILIES)
def test_each_token_is_learnt_or_not_as_an_oracle_says(name: str) -> None:
    family = FAMILIES[name]
    given = rows(family)
    for one, rendered in zip(given, learnt(given, family), strict=True):
        ids, mask = expected(one, family)
        assert rendered.ids.tolist() == ids, one
        assert rendered.learnt.tolist() == mask, one
        ends = [at for at in range(1, len(mask) + 1) if mask[at - 1] and not [*mask, False][at]]
        assert list(rendered.ends) == ends


@pytest.mark.parametrize("name", FAMILIES)
def test_the_last_turn_alone_is_learnt_where_it_is_asked_for(name: str) -> None:
    family = FAMILIES[name]
    given = rows(family)[:20]
    for one, rendered in zip(given, learnt(given, family, learn="last"), strict=True):
        _, mask = expected(one, family)
        end = max(at for at, is_learnt in enumerate(mask) if is_learnt)
        begin = max((at for at in range(end) if not mask[at]), default=-1) + 1
        assert rendered.learnt.nonzero()[0].tolist() == list(range(begin, end + 1))
        assert rendered.ends == (end + 1,)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_ids_are_those_of_transformers(name: str) -> None:
    family = FAMILIES[name]
    given = rows(family)
    theirs = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer.from_str(tokenizer_of(family).definition),
        bos_token=family.begin,
        eos_token=family.end,
    )
    for one, rendered in zip(given, learnt(given, family), strict=True):
        ids = theirs.apply_chat_template(
            messages(one),
            tools=list(one.tools) or None,
            chat_template=family.template,
            return_dict=False,
        )
        assert rendered.ids.tolist() == ids


def learnt_of(one: Conversation, family: Family, **options: Any) -> Rendered:
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
        rendered = learnt_of(given, family)
        assert rendered.learnt.nonzero()[0].tolist() == [at for run in kept for at in run]
        assert rendered.ends == tuple(run[-1] + 1 for run in kept)
        assert rendered.ids.tolist() == learnt_of(one, family).ids.tolist()
        last = learnt_of(given, family, learn="last")
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
        learnt_of(given, replace(family, template=template))


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
    assert learnt_of(with_context(one, one.answers[:1]), family).reference == "7"
    assert learnt_of(with_context(one, one.answers[-1:]), family).reference is None
