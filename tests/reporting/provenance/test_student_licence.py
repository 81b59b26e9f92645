"""The student's licence: what its teachers' licences require; the owner makes any choice."""

import pytest
from support.licences_and_lineage import given_licence, own_licence

from stillroom.reporting.provenance.student_licence import conditions, student_licence
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
    own = student_licence(licence, architecture)
    assert (own.license, own.name, own.link) == expected


def test_licences_that_require_different_ones_are_named_and_none_is_chosen() -> None:
    both = (given_licence(student="gemma"), given_licence(student="openrail"))
    own = student_licence(Licence(teachers=tuple(one.teachers[0] for one in both)), "mlp")
    assert (own.license, own.name) == ("other", "several")
    assert own.why == "Its teachers' licences require different ones: gemma, openrail."


def test_layers_are_of_the_first_teacher_alone() -> None:
    first, second = given_licence().teachers[0], given_licence(identifier="mit").teachers[0]
    own = student_licence(Licence(teachers=(first, second)), COPY)
    assert own.license == "apache-2.0"


def test_conditions_are_named_once_and_those_of_layers_if_there_are_any() -> None:
    (one,) = given_licence(conditions=("Say so.",), layers=("Keep it.",)).teachers
    licence = Licence(teachers=(one, one))
    assert conditions(licence, "mlp") == ("Say so.",)
    assert conditions(licence, COPY) == ("Say so.", "Keep it.")
    assert conditions(own_licence(2), COPY) == ()
