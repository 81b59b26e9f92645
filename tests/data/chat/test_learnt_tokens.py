"""Learnt tokens, against oracles written by hand for twelve families of templates."""

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
