"""Validated documents: lists become tuples, and an error names its place."""

import pytest
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from stillroom.errors import DataError
from stillroom.io.json.validated_json import checked


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", strict=True))
class Point:
    at: tuple[int, ...]
    name: str = "p"


def test_a_document_becomes_its_dataclass() -> None:
    assert checked(Point, {"at": [1, 2]}, "p.json", "teachers") == Point(at=(1, 2))


@pytest.mark.parametrize(
    ("document", "where"),
    [
        ({"at": ["1"]}, "at.0"),
        ({"at": [1], "colour": "red"}, "colour"),
        ({}, "at"),
        ([], "the document"),
        (None, "the document"),
    ],
)
def test_a_malformed_document_is_named_with_the_stage_that_writes_it(
    document: object, where: str
) -> None:
    with pytest.raises(DataError, match=rf"^p\.json: {where} is malformed: .*--pipeline=teachers"):
        checked(Point, document, "p.json", "teachers")


def test_nan_is_an_error() -> None:
    with pytest.raises(DataError, match=r"^p\.json contains NaN or infinity"):
        checked(Point, {"at": [1], "name": float("nan")}, "p.json", "teachers")
