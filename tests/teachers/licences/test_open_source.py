"""Open-source licences: answers are free of conditions; layers are copies."""

from stillroom.teachers.licences.open_source import OPEN_SOURCE


def test_answers_are_allowed_by_all_of_them_and_bind_no_student() -> None:
    assert {terms.verdict for terms in OPEN_SOURCE.values()} == {"allowed"}
    assert {terms.student for terms in OPEN_SOURCE.values()} == {None}


def test_a_copy_of_layers_keeps_notices_or_the_licence() -> None:
    assert "NOTICE" in OPEN_SOURCE["apache-2.0"].layers[0]
    assert "same licence" in OPEN_SOURCE["agpl-3.0"].layers[0]
    assert OPEN_SOURCE["own"].layers == OPEN_SOURCE["cc0-1.0"].layers == ()
