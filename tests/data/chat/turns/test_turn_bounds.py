"""Turn bounds: found among ids, also where a token spans a prompt and what follows."""

import pytest
from support.examples.chat_tokenizer import chat_tokenizer, ids_of

from stillroom.data.chat.templates.render import TurnTexts, TurnVersion
from stillroom.data.chat.turns.growing_text import GrowingText
from stillroom.data.chat.turns.marked_tokenizer import MarkedTokenizer
from stillroom.data.chat.turns.turn_bounds import WholeText, bounds_of_turns
from stillroom.errors import DataError

TOKENIZER = chat_tokenizer("<s>", "</s>")
MARKED = MarkedTokenizer(TOKENIZER)


def version(prompt: str, until_here: str, stays: str | None = None) -> TurnVersion:
    return TurnVersion(prompt, until_here, len(until_here if stays is None else stays))


def bounds(text: str, *turns: TurnVersion | tuple[TurnVersion, ...]) -> list[str]:
    """Return the text of each turn."""
    (encoding,) = MARKED.encode([text])
    whole = WholeText("a.jsonl, row 3", GrowingText(text, encoding, MARKED))
    texts = [
        TurnTexts(number, versions if isinstance(versions, tuple) else (versions,), None)
        for number, versions in enumerate(turns)
    ]
    return [
        text[encoding.starts[begin] : encoding.ends[end - 1]]
        for begin, end in bounds_of_turns(whole, texts)
    ]


def test_a_turn_ends_with_its_special_token_and_not_with_the_blanks_after_it() -> None:
    assert bounds("q<s>a</s> \nq<s>b</s>\n", version("q<s>", "q<s>a</s> \n")) == ["a</s>"]
    first, both = "q<s>a</s>\n", "q<s>a</s>\nq<s>b</s>\n"
    assert bounds(both, version("q<s>", first), version(first + "q<s>", both)) == ["a</s>", "b</s>"]


def test_an_end_that_the_next_prompt_replaces_is_the_end() -> None:
    whole = "q<s>a<|end|><|start|>q<s>b<|return|>"
    first = version("q<s>", "q<s>a<|return|>", "q<s>a")
    last = version("q<s>a<|end|><|start|>q<s>", whole, whole[:-10])
    assert bounds(whole, first, last) == ["a<|end|>", "b<|return|>"]


def test_the_version_that_extends_counts_and_the_end_is_the_next_of_its_kind() -> None:
    whole = "q<s>a</s>q<s>b</s>"
    kept = version("q<s>", "q<s>why? a</s>")
    later = (version("q<s>why? a</s>q<s>", "q<s>why? a</s>q<s>b</s>"), version(whole[:13], whole))
    assert bounds(whole, kept, later) == ["a</s>", "b</s>"]


def test_a_special_token_of_the_next_turn_is_no_end() -> None:
    first = version("q<s>", "q<s>a</s>", "q<s>a")
    with pytest.raises(DataError, match=r"row 3, turn 1: the end of the assistant's turn cannot"):
        bounds("q<s>a<|user|>q", first)


def test_a_token_across_the_end_of_a_prompt_is_refused_with_both_shown() -> None:
    whole, prompt = "see the cat</s>", "see t"
    ours, theirs = ids_of(TOKENIZER, whole), ids_of(TOKENIZER, prompt)
    assert ours[: len(theirs)] != theirs
    words = r"Given is 'see t', ids \[\d+.*\]; the conversation has 'see the cat</s>', ids \[\d+"
    with pytest.raises(DataError, match=words):
        bounds(whole, version(prompt, whole))
