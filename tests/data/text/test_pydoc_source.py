"""Pydoc topics: every machine has the text, and it is long enough to train on."""

from stillroom.data.text.pydoc_source import PART, SHORT, PydocTopics


def test_the_reference_text_is_there() -> None:
    documents = list(PydocTopics())
    assert len(documents) > 50
    assert sum(len(document.text) for document in documents) > 300_000
    assert {document.part for document in documents} == {PART}
    assert [document.row for document in documents] == list(range(len(documents)))
    assert any("lambda" in document.text for document in documents)
    assert list(PydocTopics()) == documents


def test_no_paragraph_stands_in_two_documents() -> None:
    seen: dict[str, int] = {}
    for document in PydocTopics():
        for paragraph in document.text.split("\n\n"):
            if len(paragraph) >= SHORT:
                assert seen.setdefault(paragraph.strip(), document.row) == document.row


def test_its_version_and_content_are_recorded() -> None:
    assert set(PydocTopics().versions) == {"python"}
    assert len(PydocTopics().files[PART]) == 64
