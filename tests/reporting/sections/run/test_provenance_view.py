"""The section of provenance: each ancestor in order, each licence once, no value as markup."""

from dataclasses import replace

import pytest
from support.licences_and_lineage import OWN, a_lineage, an_ancestor, given_licence, own_licence

from stillroom.errors import DataError
from stillroom.reporting.page import html_of
from stillroom.reporting.provenance.lineage import Beginning
from stillroom.reporting.sections.run.provenance import SECTION
from stillroom.reporting.sections.run.provenance_view import provenance_view
from stillroom.teachers.licences.licence_document import Licence

HARM = "<script>alert(1)</script>"


def test_the_chain_goes_from_the_student_to_the_parameters() -> None:
    provenance = provenance_view(a_lineage(command="dvc repro").to_json(), own_licence(1).to_json())
    assert [what for what, _ in provenance.chain] == [
        "student default",
        "trained on soft labels",
        "captured from teacher",
        "captured for examples",
        "examples from data",
        "with parameters",
    ]
    assert provenance.chain[0][1] == "weights aaaaaaaaaaaa"
    assert provenance.command == "dvc repro"


def test_teachers_that_were_trained_here_stand_once() -> None:
    provenance = provenance_view(a_lineage().to_json(), own_licence(5).to_json())
    assert provenance.licences == (
        (
            ("teacher", "trained here"),
            ("licence", "none of others"),
            ("training on its answers", "allowed: it was trained here, from scratch"),
            ("source", "teacher.source"),
            ("read from", "trained here"),
        ),
    )


def test_each_given_teacher_has_its_own_conditions_and_reason() -> None:
    given = given_licence(
        hub_id="me/big",
        verdict="conditions",
        says="it may, if it says so",
        conditions=("name it", "share alike"),
        source="section 3",
        acknowledged="a contract of May",
    )
    both = Licence(teachers=(*given.teachers, OWN))
    first, second = provenance_view(a_lineage().to_json(), both.to_json()).licences
    assert first == (
        ("teacher", "me/big"),
        ("licence", "Apache License 2.0"),
        ("training on its answers", "conditions: it may, if it says so"),
        ("condition", "name it"),
        ("condition", "share alike"),
        ("source", "section 3"),
        ("read from", "model card"),
        ("acknowledged because", "a contract of May"),
    )
    assert second[0] == ("teacher", "trained here")


def test_a_given_teacher_that_is_not_on_the_hub_keeps_its_name() -> None:
    (lines,) = provenance_view(a_lineage().to_json(), given_licence(source="").to_json()).licences
    assert lines[0] == ("teacher", "big")
    assert "source" not in dict(lines)


def test_what_others_wrote_is_words() -> None:
    lineage = a_lineage(teachers=(an_ancestor(hub_id=HARM),), command=HARM)
    licence = Licence(teachers=(replace(OWN, says=HARM, conditions=(HARM,)),))
    html = html_of(SECTION, provenance_view(lineage.to_json(), licence.to_json()))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 4


@pytest.mark.parametrize("which", ["lineage", "licence"])
def test_a_damaged_document_is_refused(which: str) -> None:
    documents = {"lineage": a_lineage().to_json(), "licence": own_licence(1).to_json()}
    with pytest.raises(DataError, match=rf"{which}\.json: .* is malformed"):
        provenance_view(**(documents | {which: {}}))


def test_the_licence_of_a_start_comes_first_without_its_words_on_answers() -> None:
    (licence,) = given_licence(hub_id="me/small", layers=("Keep the notice.",)).teachers
    traced = a_lineage(start=Beginning(weights="f" * 64, licence=licence))
    provenance = provenance_view(traced.to_json(), own_licence(1).to_json())
    assert provenance.licences[0] == (
        ("starts from", "me/small"),
        ("licence", "Apache License 2.0"),
        ("condition", "Keep the notice."),
        ("source", "teacher.source"),
        ("read from", "model card"),
    )
    assert len(provenance.licences) == 2
