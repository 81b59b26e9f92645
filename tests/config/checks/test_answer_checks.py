"""What the rules of `evaluate.answers` need, before anything is trained."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.compose import compose
from stillroom.errors import ConfigError


def composed(project: Path, answers: dict[str, Any] | None, experiment: str = "chat") -> Any:
    runtime = {"groups": {"experiment": experiment}, "evaluate": {"answers": answers}}
    return compose(project, runtime)["evaluate"]["answers"]


def test_the_chat_experiment_checks_answers_and_the_default_does_not(project: Path) -> None:
    answers = compose(project, {"groups": {"experiment": "chat"}})["evaluate"]["answers"]
    assert answers == {"rule": "contains", "prompts": 100, "max_tokens": 24}
    assert compose(project)["evaluate"]["answers"] is None
    assert composed(project, None) is None


def test_options_are_added_one_by_one(project: Path) -> None:
    answers = composed(project, {"rule": "choice", "choices": ["A", "B"]})
    assert answers["choices"] == ["A", "B"]
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert composed(project, {"rule": "json_schema", "schema": schema})["schema"] == schema


@pytest.mark.parametrize("choices", [None, [], ["A"], ["A", "B", "A"], ["yes", "Yes"]])
def test_labels_that_cannot_be_told_apart_are_refused(project: Path, choices: Any) -> None:
    with pytest.raises(ConfigError, match=r"evaluate\.answers\.choices"):
        composed(project, {"rule": "choice", "choices": choices})


def test_single_letters_differ_by_their_case(project: Path) -> None:
    assert composed(project, {"rule": "choice", "choices": ["a", "A"]})["choices"] == ["a", "A"]


def test_what_is_no_schema_is_refused(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"evaluate\.answers\.schema is no JSON schema: .*cat"):
        composed(project, {"rule": "json_schema", "schema": {"type": "cat"}})


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"rule": "numbr"}, r"evaluate\.answers\.rule is 'numbr'"),
        ({"max_token": 3}, r"evaluate\.answers\.max_token is not a parameter.*max_tokens"),
        ({"prompts": 0}, r"evaluate\.answers\.prompts is 0; it must be at least 1"),
    ],
)
def test_an_unknown_option_is_refused(project: Path, answers: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        composed(project, answers)


def test_answers_are_those_of_conversations(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.source gives running text.*answers=null"):
        composed(project, {"rule": "exact"}, experiment="causal_lm")
