"""Packed turns: the turn of each label, and the prompt of each last answer, by hand."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
import tokenizers
import transformers
from support.examples.chat_families import FAMILIES
from support.examples.chat_rows import conversation
from support.examples.chat_tokenizer import chat_tokenizer

from stillroom.data.chat.conversation import messages_of
from stillroom.data.chat.learnt_tokens import learnt_tokens
from stillroom.data.chat.packed_turns import LastAnswer, has_turns, label_turns, last_answers
from stillroom.data.chat.templates.chat_template import ChatTemplate
from stillroom.data.ingest.corpus_counts import CorpusCounts
from stillroom.data.ingest.packed_frames import LEARNT_SCHEMA, distinct_frames, packed_rows
from stillroom.data.text.packing_conversations import ConversationPacker
from stillroom.errors import DataError

SCHEMA: dict[str, Any] = {
    "tokens": pl.List(pl.Int32),
    "starts": pl.List(pl.Int32),
    "learnt": pl.List(pl.Boolean),
    "turn_ends": pl.List(pl.Int32),
    "references": pl.List(pl.String),
}


def packs(*rows: tuple[list[int], str, list[int], list[str | None]]) -> pl.DataFrame:
    """Return packs; `x` is learnt, `.` is not."""
    return pl.DataFrame(
        [
            {
                "tokens": list(range(10, 10 + len(marks))),
                "starts": starts,
                "learnt": [mark == "x" for mark in marks],
                "turn_ends": ends,
                "references": references,
            }
            for starts, marks, ends, references in rows
        ],
        schema=SCHEMA,
    )


def test_conversations_of_an_older_run_are_refused() -> None:
    frame = packs(([0], ".x", [2], [None]))
    assert has_turns(frame, "a template")
    assert not has_turns(frame.drop("turn_ends"), None)
    with pytest.raises(DataError, match="Run the ingest stage again"):
        has_turns(frame.drop("turn_ends"), "a template")


def test_turns_are_counted_from_one_in_each_conversation() -> None:
    frame = packs(
        ([0, 7], "..xx.xx.x", [4, 7, 9], [None, None]),
        ([0], ".x.xx.xxx", [2, 5, 9], [None]),
    )
    assert [turns.tolist() for turns in label_turns(frame)] == [
        [1, 1, 2, 2, 1],
        [1, 2, 2, 3, 3, 3],
    ]


def test_a_turn_may_have_a_gap_and_two_may_touch() -> None:
    frame = packs(([0], ".xx.xxxx", [6, 8], [None]))  # the first turn: 1, 2, 4, 5
    assert label_turns(frame)[0].tolist() == [1, 1, 1, 1, 2, 2]
    assert list(last_answers(frame)) == [LastAnswer((10, 11, 12, 13, 14, 15), (16, 17), None)]


def test_the_first_token_of_a_conversation_is_no_label() -> None:
    frame = packs(([0, 3], "xx.xx.", [2, 5], [None, None]))
    assert label_turns(frame)[0].tolist() == [1, 1]
    # A conversation that begins with its last answer has no prompt.
    assert list(last_answers(frame)) == []


def test_the_last_answer_of_each_conversation_has_all_before_it_for_a_prompt() -> None:
    frame = packs(([0, 7], "..xx.xx..x", [4, 7, 10], ["7", None]), ([0], ".x.", [2], ["no"]))
    assert list(last_answers(frame)) == [
        LastAnswer((10, 11, 12, 13, 14), (15, 16), "7"),
        LastAnswer((17, 18), (19,), None),
        LastAnswer((10,), (11,), "no"),
    ]


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize("name", FAMILIES)
def test_a_prompt_is_what_transformers_gives_a_model(name: str) -> None:
    family = FAMILIES[name]
    tokenizer = chat_tokenizer(family.begin, family.end)
    theirs = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer.from_str(tokenizer.definition),
        bos_token=family.begin,
        eos_token=family.end,
    )
    kinds = {"system": family.system, "tools": family.tools, "reasoning": family.reasoning}
    given = [replace(conversation(seed, **kinds), reference=str(seed)) for seed in range(12)]
    template = ChatTemplate(family.template, "the template")
    rendered = list(learnt_tokens(given, template, tokenizer, learn="assistant", reasoning="keep"))
    items = [("a", "test", one) for one in rendered]
    rows = packed_rows(items, lambda: ConversationPacker(4096, len), tokenizer.sha256)
    (frame,) = distinct_frames(rows, CorpusCounts(), LEARNT_SCHEMA)
    answers = list(last_answers(frame))
    assert [one.reference for one in answers] == [one.reference for one in given]
    for one, answer in zip(given, answers, strict=True):
        last = max(at for at, turn in enumerate(one.turns) if turn.role == "assistant")
        ids = theirs.apply_chat_template(
            messages_of(one.turns[:last], "keep"),
            tools=[dict(tool) for tool in one.tools] or None,
            chat_template=family.template,
            add_generation_prompt=True,
            return_dict=False,
        )
        assert list(answer.prompt) == ids
    turns = [turn for pack in label_turns(frame) for turn in pack.tolist()]
    most = max(sum(turn.role == "assistant" for turn in one.turns) for one in given)
    assert max(turns) == most
