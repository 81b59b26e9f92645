"""The student's licence: what its ancestors' licences require; the owner makes any choice."""

import pytest
from support.licences_and_lineage import given_licence, own_licence

from stillroom.reporting.provenance.student_licence import (
    conditions,
    copied_licence,
    student_licence,
)
from stillroom.teachers.licences.licence_document import Licence

COPY = "from_teacher"


@pytest.mark.parametrize(
    ("licence", "architecture", "expected"),
    [
        (own_licence(3), "mlp", ("other", "not-chosen", None)),
        (given_licence(), "mlp", ("other", "not-chosen", None)),
        (given_licence(), COPY, ("apache-2.0", None, None)),
        (given_licence(identifier="own"), COPY, ("other", "not-chosen", None)),
        (given_licence(identifier="gemma", student="gemma"), "mlp", ("gemma", None, None)),
        (
            given_licence(identifier="deepseek", student="deepseek", link="https://x"),
            "mlp",
            ("other", "deepseek", "https://x"),
        ),
        (given_licence(identifier="llama3.1"), "mlp", ("other", "not-chosen", None)),
        (given_licence(identifier="llama3.1"), COPY, ("llama3.1", None, None)),
        (given_licence(identifier=None, verdict="unknown"), "mlp", ("other", "not-known", None)),
    ],
)
def test_a_card_names_the_required_licence(
    licence: Licence, architecture: str, expected: tuple[str, str | None, str | None]
) -> None:
    own = student_licence(licence, copied_licence(licence, architecture, None))
    assert (own.license, own.name, own.link) == expected


def test_licences_that_require_different_ones_are_named_and_none_is_chosen() -> None:
    both = (given_licence(student="gemma"), given_licence(student="openrail"))
    own = student_licence(Licence(teachers=tuple(one.teachers[0] for one in both)), None)
    assert (own.license, own.name) == ("other", "several")
    assert own.why == "Its ancestors' licences require different ones: gemma, openrail."


def test_layers_are_of_the_first_teacher_alone() -> None:
    first, second = given_licence().teachers[0], given_licence(identifier="mit").teachers[0]
    own = student_licence(Licence(teachers=(first, second)), first)
    assert own.license == "apache-2.0"


def test_conditions_are_named_once_and_those_of_layers_if_there_are_any() -> None:
    (one,) = given_licence(conditions=("Say so.",), layers=("Keep it.",)).teachers
    licence = Licence(teachers=(one, one))
    assert conditions(licence, None) == ("Say so.",)
    assert conditions(licence, one) == ("Say so.", "Keep it.")
    assert conditions(own_licence(2), own_licence(2).teachers[0]) == ()


def test_a_copy_of_another_model_is_under_its_licence_too() -> None:
    (start,) = given_licence(
        identifier="llama3.1", conditions=("Asked.",), layers=("Name it Llama.",)
    ).teachers
    mit = given_licence(identifier="mit", conditions=("Say so.",))
    assert copied_licence(mit, "pretrained", start) == start
    own = student_licence(mit, start)
    assert (own.license, own.why) == (
        "llama3.1",
        "The licence of the model that it starts from requires this one.",
    )
    # Nobody asks this model, so what it says of answers does not apply.
    assert conditions(mit, start) == ("Say so.", "Name it Llama.")
    gemma = given_licence(identifier="gemma", student="gemma")
    assert student_licence(gemma, start).name == "several"
    (unknown,) = given_licence(identifier=None, verdict="unknown").teachers
    assert student_licence(mit, unknown).name == "not-known"


def test_a_start_that_is_the_teacher_itself_keeps_its_licence() -> None:
    same, again = given_licence(identifier="llama3.1"), given_licence(identifier="llama3.1")
    assert same.teachers[0] is not again.teachers[0]
    own = student_licence(same, copied_licence(same, "pretrained", again.teachers[0]))
    assert own.license == "llama3.1"
