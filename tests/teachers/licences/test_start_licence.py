"""The licence of the model that a student starts from."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.licences_and_lineage import write_card

from stillroom.config.compose import compose
from stillroom.config.schema import Student
from stillroom.errors import LicenceError, ModelError
from stillroom.teachers.licences.start_licence import licence_of_start

STUDENT = Student(**compose(Path(__file__).resolve().parents[3])["student"])


def test_a_student_of_its_seed_has_none(tmp_path: Path) -> None:
    assert licence_of_start(STUDENT, tmp_path) is None


def test_the_card_says_it_or_the_parameter(tmp_path: Path) -> None:
    write_card(tmp_path / "small", "license: llama3.1")
    licence = licence_of_start(replace(STUDENT, path="small"), tmp_path)
    assert licence is not None
    assert (licence.identifier, licence.read_from) == ("llama3.1", "model card")
    own = licence_of_start(replace(STUDENT, path="small", licence="mit"), tmp_path)
    assert own is not None
    assert (own.identifier, own.read_from, own.card) == ("mit", "student.licence", "llama3.1")


def test_a_licence_that_forbids_answers_permits_a_start(tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    student = replace(STUDENT, path="small", licence="openai-terms")
    licence = licence_of_start(student, tmp_path)
    assert licence is not None
    assert (licence.verdict, licence.acknowledged) == ("forbidden", None)


@pytest.mark.parametrize("licence", [None, "no-such-licence"])
def test_an_unknown_one_needs_a_reason(tmp_path: Path, licence: str | None) -> None:
    (tmp_path / "small").mkdir()
    student = replace(STUDENT, path="small", licence=licence)
    with pytest.raises(LicenceError, match=r"Set student\.licence to a licence in docs/licences"):
        licence_of_start(student, tmp_path)
    known = licence_of_start(replace(student, licence_acknowledged="It is mine."), tmp_path)
    assert known is not None
    assert known.acknowledged == "It is mine."


def test_a_model_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none does not exist\. Set student\.path to a model"):
        licence_of_start(replace(STUDENT, path="none"), tmp_path)
