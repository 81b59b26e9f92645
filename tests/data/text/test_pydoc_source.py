"""Pydoc topics: every machine has the text, and it is long enough for a training."""

from stillroom.data.text.pydoc_source import PART, SHORT, PydocTopics


def test_the_reference_text_is_there() -> None:
    found = list(PydocTopics())
    assert len(found) > 50
    assert sum(len(document.text) for document in found) > 300_000
    assert {document.part for document in found} == {PART}
    assert [document.row for document in found] == list(range(len(found)))
    assert any("lambda" in document.text for document in found)
    assert list(PydocTopics()) == found


def test_no_paragraph_stands_in_two_documents() -> None:
    seen: dict[str, int] = {}
    for document in PydocTopics():
        for paragraph in document.text.split("\n\n"):
            if len(paragraph) >= SHORT:
                assert seen.setdefault(paragraph.strip(), document.row) == document.row


def test_its_version_and_content_are_told() -> None:
    assert set(PydocTopics().versions) == {"python"}
    assert len(PydocTopics().files[PART]) == 64
