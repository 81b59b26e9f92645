from dataclasses import asdict, dataclass

import pytest

from stillroom.errors import DataError
from stillroom.reporting.sections.documents import read_document


@dataclass(frozen=True, slots=True)
class Inner:
    name: str


@dataclass(frozen=True, slots=True)
class Outer:
    inner: tuple[Inner, ...]


def test_what_a_dataclass_became_becomes_it_again() -> None:
    outer = Outer((Inner("a"), Inner("b")))
    assert read_document(Outer, asdict(outer), "it.json") == outer


@pytest.mark.parametrize("document", [None, [], {}, {"inner": [{"name": 3}]}, {"inner": 5}])
def test_anything_else_is_refused_by_its_file_and_place(document: object) -> None:
    with pytest.raises(DataError, match=r"it\.json is damaged"):
        read_document(Outer, document, "it.json")
