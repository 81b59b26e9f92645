"""The worker of templates: refusals name the turn, and the clock stands still."""

from typing import Any

import pytest

from stillroom.data.chat.templates import template_worker
from stillroom.data.chat.templates.template_worker import render_requests
from stillroom.errors import DataError

TALK = [
    {"role": "user", "content": "q"},
    {"role": "assistant", "content": "a", "reasoning_content": "r"},
    {"role": "user", "content": "again"},
    {"role": "user", "content": "and again"},
    {"role": "assistant", "content": "b"},
]
ALTERNATE = (
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must\n alternate!') }}{% endif %}{{ m.content }}{% endfor %}"
)


def answers(template: str, messages: Any = TALK, turns: Any = (1, 4)) -> list[dict[str, Any]]:
    request = {"origin": "a.jsonl, row 2", "template": 0, "messages": messages, "tools": None}
    return render_requests(
        [template], "the template", {"eos_token": "</s>"}, [request | {"turns": list(turns)}]
    )


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (ALTERNATE, r"row 2, turn 4: the template refuses .*\(Roles must alternate!\)\. Remove"),
        ("{{ messages[9].content + 'x' }}", r"row 2, turn 1: .*UndefinedError: list object has no"),
        ("{{ 1 + messages[4].content }}", r"row 2, turn 5: .*TypeError: unsupported operand"),
        ("\n{% if %}", r"^the template cannot be read as Jinja \(line 2: .*Expected an expression"),
        ("{% nonsense %}", r"^the template cannot be read as Jinja \(line 1: .*unknown tag"),
    ],
)
def test_a_refusal_has_the_words_of_the_template_and_the_turn(template: str, words: str) -> None:
    with pytest.raises(DataError, match=words) as raised:
        answers(template)
    assert "\n" not in str(raised.value)


def test_the_clock_stands_still_and_that_is_said() -> None:
    template = "{{ strftime_now('%d %b %Y') }}{{ messages[0].content }}"
    (answer,) = answers(template)
    assert (answer["text"], answer["dated"]) == ("26 Jul 2024q", True)
    (answer,) = answers("{{ messages[0].content }}")
    assert answer["dated"] is False


def test_a_turn_is_also_rendered_without_reasoning_and_with_the_next_prompt() -> None:
    template = (
        "{% for m in messages %}[{{ (m.reasoning_content or '') + m.content }}]{% endfor %}"
        "{% if add_generation_prompt %}>{% else %}{{ eos_token }}{% endif %}"
    )
    (answer,) = answers(template)
    assert answer["text"] == "[q][ra][again][and again][b]</s>"
    first, last = answer["turns"]
    assert first["versions"] == [
        {"prompt": [3, ">"], "until_here": [7, "</s>"], "stays": 7},
        {"prompt": [3, ">"], "until_here": [4, "a]</s>"], "stays": 6},
    ]
    assert [one["prompt"] for one in last["versions"]] == [[25, ">"], [4, "a][again][and again]>"]]


def test_marks_are_characters_and_need_no_turns() -> None:
    (answer,) = answers(
        "{% for m in messages %}{% if m.role == 'assistant' %}"
        "{%- generation -%}{{ m.content }}{%- endgeneration -%}{% else %}??{% endif %}{% endfor %}"
    )
    assert (answer["text"], answer["spans"], answer["turns"]) == ("??a????b", [[2, 3], [7, 8]], [])


def test_a_conversation_that_takes_long_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_worker, "SECONDS", 0.05)
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    with pytest.raises(DataError, match=r"a\.jsonl, row 2: the template takes more than 0\.05 s"):
        answers(loop)


def test_an_empty_prompt_that_a_template_cannot_write_is_said() -> None:
    (answer,) = answers("{{ messages[0].role }}", TALK[1:2], turns=[0])
    assert answer["turns"][0]["versions"] == []
    assert "UndefinedError" in answer["turns"][0]["refused"]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ 'a' * 2**25 }}", "makes 33,554,432 characters of this conversation"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("{{ messages.append(1) }}", "SecurityError"),
        ("{% set ns = namespace() %}{% set ns._x = 1 %}", "SecurityError"),
        ("{{ cycler.__init__.__globals__.os.system('true') }}", "SecurityError"),
        ("{% include '/etc/passwd' %}", "TypeError: no loader"),
        ("{{ range(10**9) | list }}", "OverflowError: Range too big"),
    ],
)
def test_there_is_no_way_out_of_the_sandbox(template: str, words: str) -> None:
    with pytest.raises(DataError, match=words) as raised:
        answers(template)
    assert str(raised.value).startswith("a.jsonl, row 2")
