"""Answers in JSON: the schema decides, without the network and within bounds."""

import socket
from typing import Any

import pytest

from stillroom.config.schema import Answers
from stillroom.errors import DataError
from stillroom.evaluation.answers.rules.json_schema import JsonSchema, fit

PERSON: dict[str, Any] = {
    "type": "object",
    "properties": {"age": {"type": "integer", "minimum": 0}},
    "required": ["age"],
}


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        ('{"age": 3}', True),
        ('```json\n{"age": 3}\n```', True),
        (' ```\n{"age": 3}\n``` ', True),
        ('{"age": -3}', False),
        ('{"age": "3"}', False),
        ("{}", False),
        ('It is {"age": 3}', False),
        ('{"age": NaN}', False),
        ("[" * 100_000, False),
        ("", False),
    ],
)
def test_an_answer_must_be_json_that_fits(answer: str, is_right: bool) -> None:
    assert fit([answer], [PERSON]) == [is_right]


def test_each_answer_has_its_own_schema_in_one_bounded_process() -> None:
    rule = JsonSchema.of(Answers(rule="json_schema"))
    expected = [rule.expected('{"type": "integer"}'), rule.expected('{"enum": ["a"]}')]
    assert rule.are_right(["3", '"b"'], expected) == [True, False]
    assert [rule.expected(bad) for bad in ("no", "[]", '{"type": "cat"}')] == [None] * 3


@pytest.mark.parametrize(
    "reference",
    ['{"pattern": "a{99999999999999}"}', '{"$schema": ["x"]}', '{"$schema": "http://["}'],
)
def test_a_reference_on_which_the_library_fails_is_no_schema(reference: str) -> None:
    assert JsonSchema().expected(reference) is None


def test_the_schema_of_the_parameters_counts_before_the_reference() -> None:
    rule = JsonSchema.of(Answers(rule="json_schema", schema=PERSON))
    assert rule.expected("anything") == PERSON


def test_a_reference_to_elsewhere_is_refused_and_not_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("it opens a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(DataError, match=r"refers to 'http://127\.0\.0\.1:9/a\.json'"):
        fit(["3"], [{"$ref": "http://127.0.0.1:9/a.json"}])
