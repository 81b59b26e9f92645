"""An error about a value names the parameter, the given value and the allowed values."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from stillroom.config.compose import compose
from stillroom.config.cross_checks import check
from stillroom.errors import ConfigError

SET_IT = " Set it in params.yaml or with --params."


@pytest.fixture
def parameters(project: Path) -> dict[str, Any]:
    return compose(project)


def message(parameters: dict[str, Any], key: str, value: object) -> str:
    *sections, last = key.split(".")
    changed = deepcopy(parameters)
    node = changed
    for section in sections:
        node = node[section]
    node[last] = value
    with pytest.raises(ConfigError) as raised:
        check(changed)
    return str(raised.value)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("student.epochs", "3", "'3'; it must be a whole number, not a text."),
        ("student.epochs", 3.5, "3.5; it must be a whole number."),
        ("student.epochs", True, "True; it must be a whole number."),
        ("student.epochs", None, "null; it must be a whole number."),
        ("student.patience", "x", "'x'; it must be a whole number, not a text, or null."),
        ("student.lr", "fast", "'fast'; it must be a number, not a text."),
        ("evaluate.full_logits", "yes", "'yes'; it must be true or false, not a text."),
        ("student.architecture.name", 3, "3; it must be a text."),
        ("data.classes", 3, "3; it must be a list, as in [a, b], or null."),
        ("data.classes", ["a", 3], "3; it must be a text."),
        ("student.transfer", 3, "3; it must be a section with keys and values."),
        ("student.architecture.options", 3, "3; it must be a section with keys and values."),
    ],
)
def test_a_wrong_type_names_the_allowed_type(
    parameters: dict[str, Any], key: str, value: object, words: str
) -> None:
    place = ".1" if isinstance(value, list) else ""
    assert message(parameters, key, value) == f"{key}{place} is {words}{SET_IT}"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("student.lr", -1, "-1; it must be greater than 0."),
        ("student.lr", float("inf"), "inf; it must be a finite number."),
        ("student.clip", 0, "0; it must be greater than 0, or null."),
        ("softlabels.k", 0, "0; it must be at least 1."),
        ("softlabels.tau", 2, "2; it must be at most 1, or null."),
        ("softlabels.tau", 1e-5, "1e-05; it must be at least 2e-05, or null."),
        ("data.test", 1.0, "1.0; it must be less than 1."),
        ("softlabels.temperatures", [], "[]; it must be a list of at least 1 values."),
        ("teacher.licence", " ", "' '; it must be a text that is not blank, or null."),
        ("teacher.hub_id", "bert", "'bert'; it must be owner/name, as on the Hub, or null."),
    ],
)
def test_a_value_out_of_range_names_the_bound(
    parameters: dict[str, Any], key: str, value: object, words: str
) -> None:
    assert message(parameters, key, value) == f"{key} is {words}{SET_IT}"


def test_a_long_value_is_cut(parameters: dict[str, Any]) -> None:
    words = message(parameters, "teacher.licence", "x" * 501)
    assert words == (
        f"teacher.licence is '{'x' * 59}…; it must be a text of at most 500 characters, or null."
        + SET_IT
    )


def test_a_wrong_choice_names_all_choices_and_the_nearest(parameters: dict[str, Any]) -> None:
    assert message(parameters, "data.source", "digit") == (
        "data.source is digit, which is not a data source. Did you mean digits? Allowed: digits, "
        "idx, image_folder, table, corpus, chat, help_chat, topics."
    )


def test_an_unknown_key_names_the_nearest(parameters: dict[str, Any]) -> None:
    assert message(parameters, "student.transfer.shar", 1) == (
        "student.transfer.shar is not a parameter. Did you mean student.transfer.share? "
        "See `kedro params`."
    )


def test_a_missing_key_is_named(parameters: dict[str, Any]) -> None:
    del parameters["data"]["text"]["length"]
    with pytest.raises(ConfigError) as raised:
        check(parameters)
    assert str(raised.value) == f"data.text.length is missing.{SET_IT}"
