"""Generation spans: the tokens that transformers marks, and the token that ends the turn."""

import pytest
import tokenizers
import transformers
from support.examples.chat_families import MARKS
from support.examples.chat_rows import conversation, messages
from support.examples.chat_tokenizer import chat_tokenizer
from transformers.utils.chat_template_utils import render_jinja_template

from stillroom.data.chat.turns.generation_spans import ranges_of_turns
from stillroom.data.chat.turns.marked_tokenizer import MarkedTokenizer

TOKENIZER = chat_tokenizer("<s>", "</s>")
MARKED = MarkedTokenizer(TOKENIZER)


def spans(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a text without its « and », and the ranges between them."""
    ranges, plain = [], ""
    for piece in text.replace("»", "«").split("«"):
        ranges.append((len(plain), len(plain) + len(piece)))
        plain += piece
    return plain, ranges[1::2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<|user|>q</s><|assistant|>«the cat»</s>\n", [["the cat</s>"]]),
        ("<|user|>q</s><|assistant|>«the cat</s>»\n", [["the cat</s>"]]),
        ("<|user|>q</s><|assistant|>«the cat</s>\n»\n", [["the cat</s>\n"]]),
        ("«the cat</s>»<s>q<|user|>«a dog</s>»<s>", [["the cat</s>"], ["a dog</s>"]]),
        ("«the cat»<s>q<|user|>«a dog»</s>", [["the cat", "a dog</s>"]]),
        ("«the cat»:« a dog»</s>q«a»</s>", [["the cat", " a dog</s>"], ["a</s>"]]),
        ("q «»</s>q« 🎉»</s>", [[" 🎉</s>"]]),
        ("q« \n»</s>«the cat»", [[" \n</s>"], ["the cat"]]),
        ("q", []),
    ],
)
def test_a_turn_goes_up_to_the_token_that_ends_it(text: str, expected: list[list[str]]) -> None:
    plain, ranges = spans(text)
    (encoding,) = MARKED.encode([plain])
    turns = ranges_of_turns(ranges, encoding, plain, MARKED)
    shown = [
        [plain[encoding.starts[begin] : encoding.ends[end - 1]] for begin, end in turn]
        for turn in turns
    ]
    assert shown == expected


def test_the_tokens_of_spans_are_those_of_transformers() -> None:
    theirs = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizers.Tokenizer.from_str(TOKENIZER.definition)
    )
    compared = 0
    for seed in range(40):
        one = messages(conversation(seed, system=True, tools=False, reasoning=False))
        if not all(turn["content"][-1].isascii() for turn in one):
            continue  # transformers leaves out the later tokens of the last character of a span
        answer = theirs.apply_chat_template(
            one, chat_template=MARKS, return_assistant_tokens_mask=True
        )
        (text,), (ranges,) = render_jinja_template(
            [one], chat_template=MARKS, return_assistant_tokens_mask=True
        )
        compared += 1
        (encoding,) = MARKED.encode([text])
        inside = [
            at
            for turn in ranges_of_turns(ranges, encoding, text, MARKED)
            for begin, end in turn
            for at in range(begin, end - 1)  # transformers leaves the end to the template
        ]
        assert inside == [at for at, mark in enumerate(answer["assistant_masks"]) if mark]
    assert compared > 10
