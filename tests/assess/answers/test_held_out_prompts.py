"""Which prompts are asked, and what their answers are checked against."""

from dataclasses import replace

import polars as pl
import pytest
from support.examples.corpus_examples import CorpusOnDisk

from stillroom.assess.answers.held_out_prompts import (
    HeldOutPrompts,
    answer_text,
    held_out_prompts,
)
from stillroom.config.schema import Answers
from stillroom.evaluation.answers.answer_rules import answer_rule


def asked(
    chat: CorpusOnDisk, test: pl.DataFrame, rule: str = "exact", most: int = 99, longest: int = 99
) -> HeldOutPrompts:
    how = answer_rule(Answers(rule=rule))  # type: ignore[arg-type]
    return held_out_prompts(test, chat.fitted.tokenizer, how, lambda ids: len(ids) <= longest, most)


def with_references(test: pl.DataFrame, references: list[str | None]) -> pl.DataFrame:
    return test.with_columns(
        pl.Series("references", [[one] for one in references], pl.List(pl.String))
    )


@pytest.fixture(scope="module")
def test_split(chat: CorpusOnDisk) -> pl.DataFrame:
    return chat.examples.read().filter(pl.col("split") == "test").head(8)


def test_without_references_the_recorded_answer_is_one(
    chat: CorpusOnDisk, test_split: pl.DataFrame
) -> None:
    result = asked(chat, test_split)
    assert result.left_out == {}
    tokens = test_split["tokens"].to_list()
    expected = {
        (tuple(row[:-5]), row[-1], chat.fitted.tokenizer.decode(row[-5:]).strip()) for row in tokens
    }
    assert {(one.ids, one.end, one.reference) for one in result.prompts} == expected
    assert all(one.expected == " ".join(one.reference.split()).lower() for one in result.prompts)


def test_the_choice_does_not_depend_on_the_order_and_grows(
    chat: CorpusOnDisk, test_split: pl.DataFrame
) -> None:
    three = asked(chat, test_split, most=3)
    assert three.left_out == {"not_chosen": 5}
    backwards = asked(chat, test_split.reverse(), most=3)
    assert three.prompts == backwards.prompts
    assert asked(chat, test_split, most=5).prompts[:3] == three.prompts
    assert (
        asked(chat, pl.concat([test_split, test_split])).prompts == asked(chat, test_split).prompts
    )


def test_if_references_are_recorded_only_prompts_with_one_are_asked(
    chat: CorpusOnDisk, test_split: pl.DataFrame
) -> None:
    references = ["7", None, "no number", "0.5", None, "8", "9", "10"]
    result = asked(chat, with_references(test_split, references), "number")
    assert result.left_out == {"no_reference": 2, "nothing_to_check": 1}
    assert sorted(one.reference for one in result.prompts) == ["0.5", "10", "7", "8", "9"]


def test_prompts_that_no_model_can_take_are_left_out(
    chat: CorpusOnDisk, test_split: pl.DataFrame
) -> None:
    sizes = sorted(len(row) - 5 for row in test_split["tokens"].to_list())
    result = asked(chat, test_split, longest=sizes[3])
    assert len(result.prompts) == sum(size <= sizes[3] for size in sizes)
    assert result.left_out == {"too_long": 8 - len(result.prompts)}
    assert 0 < len(result.prompts) < 8


def test_what_is_thought_is_no_part_of_an_answer(chat: CorpusOnDisk) -> None:
    tokenizer = chat.fitted.tokenizer
    (encoded,) = tokenizer.encode(["<think>7?</think> It is 8."])
    assert answer_text(encoded.ids.tolist(), tokenizer) == "It is 8."
    definition = tokenizer.definition.replace('"<|endoftext|>"', '"</think>"')
    special = replace(tokenizer, definition=definition)  # the end of thinking is a special token
    at = special.id_of("</think>")
    (seven,), (eight,) = (special.encode([text])[0].ids[-1:] for text in ("7", "8"))
    assert at is not None
    assert answer_text([int(seven), at, int(eight)], special) == "8"
