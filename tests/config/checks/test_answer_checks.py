"""What the rules of `evaluate.answers` need, before anything is trained."""

import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from stillroom.config.checks import answer_checks
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


def test_a_schema_whose_check_is_slow_is_refused_within_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answer_checks, "SCHEMA_SECONDS", 0.5)
    distinct = [{"a": at} for at in range(4000)]
    schema = {"$schema": "http://json-schema.org/draft-04/schema#", "enum": distinct}
    started = time.monotonic()
    with pytest.raises(ConfigError, match=r"^evaluate\.answers\.schema .*0\.5 s\. Give a simpler"):
        checked(schema)
    assert time.monotonic() - started < 10  # without a bound, 69 s


def test_a_schema_with_values_that_json_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"schema is no JSON schema: .*date is not JSON"):
        checked({"const": date(2020, 1, 1)})


def checked(schema: Any) -> None:
    answers = {"rule": "json_schema", "schema": schema}
    answer_checks.check_answers(answers, "conversations", "conversations")


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
