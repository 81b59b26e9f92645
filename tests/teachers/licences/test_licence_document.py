"""The licence document: equal after a round trip, or refused."""

import json
from dataclasses import replace

import pytest
from support.licences_and_lineage import OWN, given_licence, own_licence

from stillroom.errors import DataError
from stillroom.teachers.licences.licence_document import Licence, from_json


def test_it_comes_back_from_json() -> None:
    licence = given_licence(verdict="forbidden", acknowledged="our contract", layers=("Do.",))
    assert from_json(json.loads(json.dumps(licence.to_json()))) == licence


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"teachers": []}, "teachers is malformed"),
        ({"format": "stillroom-licence/2"}, "format is malformed"),
        ({"more": 1}, "more is malformed"),
        ({"teachers": [{"teacher": "x"}]}, r"teachers\.0\.\w+ is malformed"),
    ],
)
def test_a_malformed_document_is_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        from_json(own_licence(1).to_json() | change)


@pytest.mark.parametrize("field", ["verdict", "read_from"])
def test_a_word_that_nobody_writes_is_refused(field: str) -> None:
    document = own_licence(1).to_json()
    document["teachers"][0][field] = "fine"
    with pytest.raises(DataError, match=rf"teachers\.0\.{field}"):
        from_json(document)


@pytest.mark.parametrize(
    ("verdict", "acknowledged", "permits"),
    [
        ("allowed", None, True),
        ("conditions", None, True),
        ("forbidden", None, False),
        ("unknown", None, False),
        ("forbidden", "a contract", True),
        ("unknown", "a contract", True),
    ],
)
def test_a_verdict_or_a_reason_permits(verdict: str, acknowledged: str, permits: bool) -> None:
    one = replace(OWN, verdict=verdict, acknowledged=acknowledged)
    assert Licence(teachers=(one,)).teachers[0].permits is permits
