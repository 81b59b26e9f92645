"""Permissions: each verdict says what a run would need, for a teacher and for a start."""

from pathlib import Path

import pytest

from stillroom.config.schema import GivenTeacher
from stillroom.teachers.licences.check_licence import given_licence
from stillroom.teachers.licences.permissions_text import permissions_text

COPY = "The student is then a modified copy, so this licence applies to it."


def text_of(folder: Path, card: str) -> list[str]:
    (folder / "README.md").write_text(card)
    model = GivenTeacher(source="given", path=str(folder))
    return permissions_text(given_licence(model, folder)).splitlines()


def test_an_open_licence_allows_both(tmp_path: Path) -> None:
    lines = text_of(tmp_path, "---\nlicense: mit\n---\n")
    assert lines[0] == "licence: mit, MIT License, by the model card"
    assert lines[1].startswith("  as a teacher: allowed: ")
    assert lines[2] == f"  as the start of a student: {COPY}"


def test_conditions_stand_below_what_they_belong_to(tmp_path: Path) -> None:
    lines = text_of(tmp_path, "---\nlicense: llama3.2\n---\n")
    assert lines[1].startswith("  as a teacher: allowed with conditions: ")
    assert lines[2] == '    Begin the name of a student that you give to others with "Llama".'
    start = lines.index(f"  as the start of a student: {COPY}")
    assert '    Show "Built with Llama" where users of the student see it.' in lines[start:]


@pytest.mark.parametrize(
    ("card", "words", "key"),
    [
        ("---\nlicense: llama2\n---\n", "forbidden: answers may not", "teacher.licence_acknowl"),
        ("---\nlicense: mine\n---\n", "not known: the table does not have", "teacher.licence, a"),
        ("A model.\n", "not known: its model card names none", "teacher.licence, a licence"),
    ],
)
def test_what_a_run_would_refuse_says_what_it_needs(
    card: str, words: str, key: str, tmp_path: Path
) -> None:
    lines = text_of(tmp_path, card)
    assert words in lines[1] and key in lines[1]
    assert ("student.licence" in lines[-1]) == ("not known" in words)
