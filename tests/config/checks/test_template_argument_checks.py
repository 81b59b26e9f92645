"""Checks of the arguments of a chat template."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.checks.template_argument_checks import check_template_arguments
from stillroom.config.compose import compose
from stillroom.errors import ConfigError

CHAT = {"groups": {"experiment": "chat"}}


def test_plain_values_compose(project: Path) -> None:
    arguments = {"enable_thinking": False, "mode": "short", "budget": 2, "share": 0.5}
    runtime = CHAT | {"data": {"chat": {"template_arguments": arguments}}}
    assert compose(project, runtime)["data"]["chat"]["template_arguments"] == arguments


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"messages": "a"}, "template_arguments.messages would replace"),
        ({"tools": "a"}, "template_arguments.tools would replace"),
        ({"add_generation_prompt": True}, "add_generation_prompt would replace"),
        ({"eos_token": "</s>"}, "eos_token would replace"),
        ({"strftime_now": "a"}, "strftime_now would replace"),
        ({"tokenize": False}, "tokenize would replace"),
        ({"a-b": 1}, "has the name 'a-b'"),
        ({"": 1}, "has the name ''"),
        ({"h\u00e9": 1}, "has the name 'h\u00e9'"),
        ({"a": None}, "a is None; it must be a text, a number, true or false"),
        ({"a": [1]}, r"a is \[1\]; it must be"),
        ({"a": {"b": 1}}, "a is {'b': 1}; it must be"),
        ({"a": float("nan")}, "a is nan; it must be"),
    ],
)
def test_what_a_template_cannot_be_given_is_refused(arguments: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_template_arguments(arguments)


def test_a_composition_is_checked(project: Path) -> None:
    with pytest.raises(ConfigError, match="documents would replace"):
        compose(project, CHAT | {"data": {"chat": {"template_arguments": {"documents": 1}}}})
