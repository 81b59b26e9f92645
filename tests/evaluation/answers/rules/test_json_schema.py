"""Answers in JSON: the schema decides, without the network and within bounds."""

import json
import socket
import time
from typing import Any

import pytest

from stillroom.config.schema import Answers
from stillroom.errors import DataError
from stillroom.evaluation.answers.rules import json_schema as module
from stillroom.evaluation.answers.rules.json_schema import LARGEST, JsonSchema, fit

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
    expected = rule.all_expected(['{"type": "integer"}', '{"enum": ["a"]}'])
    assert expected == [{"type": "integer"}, {"enum": ["a"]}]
    assert rule.are_right(["3", '"b"'], [one for one in expected if one]) == [True, False]


def test_what_is_no_schema_or_fails_the_library_is_left_out_and_the_others_are_not() -> None:
    bad = ["no", "", "[]", "[" * 100_000, "1" * 5000, '{"type": "cat"}', '{"$schema": ["x"]}']
    bad += ['{"pattern": "a{99999999999999}"}', '{"$schema": "http://["}']
    bad += ['{"not": ' * 900 + "{}" + "}" * 900]
    good, null = '{"type": "null"}', {"type": "null"}
    assert JsonSchema().all_expected([good, *bad, good]) == [null, *[None] * len(bad), null]


DISTINCT: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "enum": [{"a": at} for at in range(4000)],
}


def test_references_whose_check_is_slow_end_in_one_line_with_a_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.4)  # and 0.05 s for each of two references
    started = time.monotonic()
    with pytest.raises(DataError) as refusal:
        JsonSchema().all_expected(["{}", json.dumps(DISTINCT), "{}"])
    assert time.monotonic() - started < 10  # without a bound, 69 s
    assert str(refusal.value) == (
        "The JSON schemas of the references (2 different) cannot be read: its reader took longer "
        "than 0.5 s. Give simpler schemas, or one for all answers with evaluate.answers.schema, "
        "or set evaluate.answers=null."
    )


def test_a_reference_that_is_too_large_is_refused_before_it_is_read() -> None:
    large = '{"title": "' + "x" * LARGEST + '"}'
    with pytest.raises(DataError, match=r"has 1,048,589 characters; at most 1,048,576 are read"):
        JsonSchema().all_expected(["{}", large])


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
