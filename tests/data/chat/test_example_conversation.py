"""Example conversations: what is shown as learnt is the mask of the rendered ids."""

import re
from html import unescape
from pathlib import Path

import pytest
from support.examples.chat_families import FAMILIES
from support.examples.chat_rows import conversation
from support.examples.chat_tokenizer import chat_tokenizer

from stillroom.data.chat.conversation import Conversation, Turn
from stillroom.data.chat.example_conversation import LONGEST, MOST_RUNS, example_conversation
from stillroom.data.chat.learnt_tokens import Rendered, learnt_tokens
from stillroom.data.chat.templates.chat_template import ChatTemplate
from stillroom.data.chat.templates.chatml import CHATML

pytestmark = pytest.mark.usefixtures("in_this_process")
PAGE = Path(__file__).parents[3] / "docs" / "chat.md"


def rendered(one: Conversation, template: str, begin: str | None, end: str) -> Rendered:
    (result,) = learnt_tokens(
        [one],
        ChatTemplate(template, "the template"),
        chat_tokenizer(begin, end),
        learn="assistant",
        reasoning="keep",
    )
    return result


def merged(runs: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Return runs in which neighbours differ."""
    result: list[tuple[str, bool]] = []
    for text, is_learnt in runs:
        if result and result[-1][1] == is_learnt:
            result[-1] = (result[-1][0] + text, is_learnt)
        else:
            result.append((text, is_learnt))
    return result


@pytest.mark.parametrize("name", FAMILIES)
def test_runs_are_the_texts_that_an_oracle_marks(name: str) -> None:
    family = FAMILIES[name]
    for seed in range(10):
        one = conversation(
            seed, system=family.system, tools=family.tools, reasoning=family.reasoning
        )
        runs = rendered(one, family.template, family.begin, family.end).runs
        assert list(runs) == merged([pair for pair in family.oracle(one) if pair[0]])


def test_the_example_of_the_page_is_what_is_learnt() -> None:
    (block,) = re.findall(r'<pre class="conversation">\n(.*?)</pre>', PAGE.read_text(), re.DOTALL)
    parts = re.split(r'(<b class="learnt">.*?</b>)', block, flags=re.DOTALL)
    shown = [(unescape(re.sub("</?b[^>]*>", "", one)), one.startswith("<b")) for one in parts]
    said = [
        ("system", "You add numbers."),
        ("user", "What is 3 plus 4?"),
        ("assistant", "It is 7."),
        ("user", "And 7 plus 5?"),
        ("assistant", "It is 12."),
    ]
    turns = tuple(Turn(role=role, content=text) for role, text in said)  # type: ignore[arg-type]
    one = Conversation(turns=turns, part="a.jsonl", row=0)
    assert list(rendered(one, CHATML, None, "<|im_end|>").runs) == shown


def test_a_long_conversation_is_shown_in_part() -> None:
    runs = [("a" * 5 * LONGEST + "<|im_end|>", bool(number % 2)) for number in range(99)]
    example = example_conversation(runs)
    assert len(example) == MOST_RUNS + 1
    assert example[-1] == {"text": "\u2026", "learnt": False}
    assert all(len(str(one["text"])) <= LONGEST + 3 for one in example)
    assert all(str(one["text"]).endswith("a<|im_end|>") for one in example[:-1])
    assert [one["learnt"] for one in example[:3]] == [False, True, False]
    assert example_conversation(runs[:1]) == [example[0]]
