"""Whole examples, checked by hand: « and » stand around what is learnt."""

from typing import Any

import pytest
import tokenizers
from support.examples.chat_families import CHATML, DROPPED, HERMES, INST, PHI
from support.examples.chat_rows import TOOL
from support.examples.chat_tokenizer import chat_tokenizer

from stillroom.data.chat.conversation import Conversation, Turn
from stillroom.data.chat.learnt_tokens import Rendered, learnt_tokens
from stillroom.data.chat.templates.chat_template import ChatTemplate, read_chat_template
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import DataError

pytestmark = pytest.mark.usefixtures("in_this_process")

USER, AGAIN = Turn(role="user", content="1 + 1?"), Turn(role="user", content="And 2 + 2?")
TWO, FOUR = Turn(role="assistant", content="2"), Turn(role="assistant", content=" 4\n")
THINKS = Turn(role="assistant", content="2", reasoning="One and one.")
INLINE = Turn(role="assistant", content="<think>\nOne and one.\n</think>\n\n2")
CALL = {"name": "add", "arguments": {"a": 1, "b": 1}}
CALLS = Turn(role="assistant", content="", reasoning="A tool knows.", tool_calls=(CALL,))
RESULT = Turn(role="tool", content="2", name="add")
SYSTEM = Turn(role="system", content="Add.")
CALLED = '{"name": "add", "arguments": {"a": 1, "b": 1}}'

HARMONY = (
    "{% set ns = namespace(asked=-1) %}{% for m in messages %}{% if m.role == 'user' %}"
    "{% set ns.asked = loop.index0 %}{% endif %}{% endfor %}{% for m in messages %}"
    "{% if m.role == 'assistant' %}{% if m.thinking and loop.index0 > ns.asked %}"
    "{{ '<|start|>assistant<|channel|>analysis<|message|>' + m.thinking + '<|end|>' }}{% endif %}"
    "{{ '<|start|>assistant<|channel|>final<|message|>' + m.content }}"
    "{{ '<|return|>' if loop.last and not add_generation_prompt else '<|end|>' }}{% else %}"
    "{{ '<|start|>' + m.role + '<|message|>' + m.content + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}"
)
NO_END = (
    "{% for m in messages %}{{ '<|' + m.role + '|>\\n' + m.content + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
THINK_PROMPT = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}"
)
HINT_PROMPT = THINK_PROMPT.replace("<think>\\n", "Hint:")
EXAMPLES = {
    "ChatML": (
        CHATML,
        (SYSTEM, USER, TWO, AGAIN, FOUR),
        "<|im_start|>system\nAdd.<|im_end|>\n<|im_start|>user\n1 + 1?<|im_end|>\n"
        "<|im_start|>assistant\n«2<|im_end|>»\n<|im_start|>user\nAnd 2 + 2?<|im_end|>\n"
        "<|im_start|>assistant\n« 4\n<|im_end|>»\n",
    ),
    "two turns of the assistant without a user between them": (
        CHATML,
        (TWO, FOUR),
        "<|im_start|>assistant\n«2<|im_end|>»\n<|im_start|>assistant\n« 4\n<|im_end|>»\n",
    ),
    "the user has the last word": (
        CHATML,
        (USER, TWO, AGAIN),
        "<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n«2<|im_end|>»\n"
        "<|im_start|>user\nAnd 2 + 2?<|im_end|>\n",
    ),
    "Phi ends the conversation with a token more": (
        PHI,
        (USER, TWO, AGAIN, FOUR),
        "<|user|>\n1 + 1?<|end|>\n<|assistant|>\n«2<|end|>»\n<|user|>\nAnd 2 + 2?<|end|>\n"
        "<|assistant|>\n« 4\n<|end|>»\n<|endoftext|>",
    ),
    "a special token inside of a turn": (
        INST,
        (USER, CALLS, RESULT, TWO),
        f"<s>[INST] 1 + 1? [/INST]«[TOOL_CALLS] [{CALLED}]</s>»[TOOL_RESULTS] 2[/TOOL_RESULTS]"
        "« 2</s>»",
    ),
    "tool results are a user's turn": (
        HERMES,
        (USER, CALLS, RESULT, TWO),
        "<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n"
        f"«\n<tool_call>\n{CALLED}\n</tool_call><|im_end|>»\n<|im_start|>user\n<tool_response>\n2\n"
        "</tool_response><|im_end|>\n<|im_start|>assistant\n«2<|im_end|>»\n",
    ),
    "reasoning before a tool is dropped once a user speaks again": (
        DROPPED,
        (USER, CALLS, RESULT, THINKS, AGAIN, FOUR),
        "<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n"
        f"«\n<tool_call>\n{CALLED}\n</tool_call><|im_end|>»\n<|im_start|>tool\n2<|im_end|>\n"
        "<|im_start|>assistant\n«2<|im_end|>»\n<|im_start|>user\nAnd 2 + 2?<|im_end|>\n"
        "<|im_start|>assistant\n«<think>\n\n</think>\n\n 4\n<|im_end|>»\n",
    ),
    "reasoning that a template keeps is learnt": (
        DROPPED,
        (USER, THINKS),
        "<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n"
        "«<think>\nOne and one.\n</think>\n\n2<|im_end|>»\n",
    ),
    "Harmony ends the last turn with another token": (
        HARMONY,
        (USER, THINKS, AGAIN, THINKS),
        "<|start|>user<|message|>1 + 1?<|end|><|start|>assistant"
        "«<|channel|>final<|message|>2<|end|>»<|start|>user<|message|>And 2 + 2?<|end|>"
        "<|start|>assistant«<|channel|>analysis<|message|>One and one.<|end|><|start|>assistant"
        "<|channel|>final<|message|>2<|return|>»",
    ),
    "a prompt that opens reasoning, which earlier turns do not have": (
        THINK_PROMPT,
        (USER, TWO, AGAIN, INLINE),
        "<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n«2<|im_end|>»\n"
        "<|im_start|>user\nAnd 2 + 2?<|im_end|>\n<|im_start|>assistant\n<think>\n"
        "«One and one.\n</think>\n\n2<|im_end|>»\n",
    ),
    "Harmony, once more: the next prompt drops what the last turn thought": (
        HARMONY.replace("and loop.index0 > ns.asked", "and not add_generation_prompt"),
        (USER, THINKS),
        "<|start|>user<|message|>1 + 1?<|end|><|start|>assistant«<|channel|>analysis<|message|>"
        "One and one.<|end|><|start|>assistant<|channel|>final<|message|>2<|return|>»",
    ),
    "no token ends a turn": (
        NO_END,
        (USER, TWO, AGAIN, TWO),
        "<|user|>\n1 + 1?\n<|assistant|>\n«2\n»<|user|>\nAnd 2 + 2?\n<|assistant|>\n«2\n»",
    ),
}


def rendered(template: str, *turns: Turn, end: str = "</s>", **options: Any) -> Rendered:
    settings: dict[str, Any] = {"learn": "assistant", "reasoning": "keep"} | options
    one = Conversation(turns=turns, part="a.jsonl", row=3)
    tokenizer = chat_tokenizer("<s>", end)
    (only,) = learnt_tokens([one], ChatTemplate(template, "the template"), tokenizer, **settings)
    return only


def shown(one: Rendered) -> str:
    """Return the text of the tokens, with « and » around each learnt turn."""
    library = tokenizers.Tokenizer.from_str(chat_tokenizer("<s>", "</s>").definition)
    text, start = "", 0
    for at in range(1, len(one.ids) + 1):
        if at == len(one.ids) or one.learnt[at] != one.learnt[start] or at in one.ends:
            run = library.decode(one.ids[start:at].tolist(), skip_special_tokens=False)
            text += f"«{run}»" if one.learnt[start] else run
            start = at
    return text


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_is_learnt_of_a_whole_conversation(name: str) -> None:
    template, turns, expected = EXAMPLES[name]
    end = "<|endoftext|>" if template == PHI else "</s>"
    assert shown(rendered(template, *turns, end=end)) == expected


def test_the_built_in_template_marks_answers_with_their_end() -> None:
    built_in = read_chat_template(None, "chatml").text
    text = shown(rendered(built_in, SYSTEM, USER, THINKS, AGAIN, CALLS, RESULT, FOUR))
    assert text == (
        "<|im_start|>system\nAdd.<|im_end|>\n<|im_start|>user\n1 + 1?<|im_end|>\n"
        "<|im_start|>assistant\n«<think>\nOne and one.\n</think>\n\n2<|im_end|>»\n"
        "<|im_start|>user\nAnd 2 + 2?<|im_end|>\n<|im_start|>assistant\n"
        f"«<think>\nA tool knows.\n</think>\n\n<tool_call>\n{CALLED}\n</tool_call><|im_end|>»\n"
        "<|im_start|>tool\n2<|im_end|>\n<|im_start|>assistant\n« 4\n<|im_end|>»\n"
    )


def test_the_built_in_template_needs_its_tokens() -> None:
    tokenizer = train_tokenizer(["a"], 300)
    one = Conversation(turns=(USER, TWO), part="a.jsonl", row=3)
    built_in = read_chat_template(None, "chatml")
    with pytest.raises(DataError, match=r"has no <\|im_start\|> and no <\|im_end\|>\. Set data"):
        list(learnt_tokens([one], built_in, tokenizer, learn="last", reasoning="keep"))


def test_conversations_with_tools_have_the_template_for_tools() -> None:
    template = ChatTemplate(CHATML, "the template", HERMES)
    given = [
        Conversation(turns=(USER, TWO), part="a.jsonl", row=0),
        Conversation(turns=(USER, TWO), part="a.jsonl", row=1, tools=(TOOL,)),
    ]
    tokenizer = chat_tokenizer("<s>", "</s>")
    settings: dict[str, Any] = {"learn": "last", "reasoning": "keep"}
    plain, tools = map(shown, learnt_tokens(given, template, tokenizer, **settings))
    assert plain.startswith("<|im_start|>user") and tools.startswith("<|im_start|>system\n<tools>")
    assert plain[-24:] == tools[-24:]


def test_reasoning_is_dropped_where_that_is_set() -> None:
    text = shown(rendered(DROPPED, USER, THINKS, reasoning="drop"))
    assert text.endswith("assistant\n«<think>\n\n</think>\n\n2<|im_end|>»\n")


def test_reasoning_in_the_content_is_told_apart_too() -> None:
    template = DROPPED.replace(
        "{{ m.content }}",
        "{{ m.content if loop.index0 > ns.asked else m.content.split('</think>')[-1].lstrip() }}",
    ).replace("(loop.last or", "(false or")
    turns = (USER, INLINE, TWO, AGAIN, INLINE)
    assert shown(rendered(template, *turns)) == (
        "<|im_start|>user\n1 + 1?<|im_end|>\n<|im_start|>assistant\n«2<|im_end|>»\n"
        "<|im_start|>assistant\n«2<|im_end|>»\n<|im_start|>user\nAnd 2 + 2?<|im_end|>\n"
        "<|im_start|>assistant\n«<think>\nOne and one.\n</think>\n\n2<|im_end|>»\n"
    )


SPACE = "{% for m in messages %}{{ m.content }}{% endfor %}"
END_AT_LAST = (
    "{% for m in messages %}{{ '<|' + m.role + '|>' + m.content }}{% endfor %}"
    "{{ '<|assistant|>' if add_generation_prompt else eos_token }}"
)


@pytest.mark.parametrize(
    ("template", "turns", "words"),
    [
        (
            HINT_PROMPT,
            (USER, TWO),
            r"row 3, turn 2: what a model is given before this turn is not how the conversation "
            r"begins\. Given is '.*assistant\\nHint:', ids \[\d+, .*\]; the conversation "
            r"has '.*assistant\\n2<\|im_end\|>\\n', ids \[\d+, \d+, \d+\]\. Mark what",
        ),
        (SPACE, (Turn(role="user", content="t"), Turn(role="assistant", content="he")), "turn 2:"),
        (END_AT_LAST, (USER, TWO, AGAIN, TWO), r"turn 2: the end of the assistant's turn cannot"),
        ("{{ messages[0].content }}", (USER, TWO), "turn 2: the end of the assistant's turn"),
        (
            "{{ messages[0].role }}",
            (TWO, USER),
            r"turn 1: the template gives no prompt .*Undef",
        ),
        (CHATML, (USER, CALLS, RESULT, TWO), "turn 2 calls a tool, but the template writes no too"),
        (
            "{% for m in messages %}{% if false %}{% generation %}{% endgeneration %}{% endif %}"
            "{{ m.content }}{% endfor %}",
            (USER, TWO),
            r"a\.jsonl, row 3: the template leaves no token of an assistant to learn",
        ),
    ],
)
def test_what_cannot_be_told_apart_is_refused(
    template: str, turns: tuple[Turn, ...], words: str
) -> None:
    with pytest.raises(DataError, match=words) as raised:
        rendered(template, *turns)
    assert "a.jsonl, row 3" in str(raised.value) and "\n" not in str(raised.value)
