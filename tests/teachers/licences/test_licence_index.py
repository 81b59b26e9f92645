"""The licence index: every entry is complete, stands in the docs and can stand on a card."""

from pathlib import Path

import pytest

from stillroom.teachers.licences.licence_index import (
    ALIASES,
    LICENCES,
    WITHOUT_HUB_IDENTIFIER,
    normalised,
    terms_of,
)

PAGE = (Path(__file__).resolve().parents[3] / "docs/licences.md").read_text()


@pytest.mark.parametrize("identifier", LICENCES)
def test_an_entry_names_its_document_and_says_what_its_verdict_needs(identifier: str) -> None:
    terms = LICENCES[identifier]
    assert terms.name and terms.says and terms.source
    assert (terms.verdict == "conditions") == bool(terms.conditions)
    assert not terms.says.endswith(".")  # it stands within a sentence
    assert all(one.endswith(".") for one in (*terms.conditions, *terms.layers))
    assert terms.link is None or terms.link.startswith("https://")


@pytest.mark.parametrize("identifier", LICENCES)
def test_the_page_has_every_entry_with_its_verdict_and_section(identifier: str) -> None:
    terms = LICENCES[identifier]
    if identifier.startswith("cc-by"):
        assert f"`{identifier}`" in PAGE
    else:
        row = f"| `{identifier}` | {terms.verdict} | {terms.says} | {terms.name}, {terms.source} |"
        assert row in PAGE


def test_every_identifier_is_written_as_it_is_looked_up() -> None:
    assert [identifier for identifier in LICENCES if normalised(identifier) != identifier] == []


def test_a_student_is_given_a_licence_that_a_card_can_name() -> None:
    required = {terms.student for terms in LICENCES.values()} - {None}
    assert required <= set(LICENCES)
    assert set(LICENCES) >= WITHOUT_HUB_IDENTIFIER
    assert set(ALIASES.values()) <= set(LICENCES)


@pytest.mark.parametrize(
    ("written", "identifier"),
    [
        ("Apache-2.0", "apache-2.0"),
        ("  MIT ", "mit"),
        ("Qwen License", "qwen"),
        ("deepseek_license", "deepseek"),
        ("bigscience-bloom-rail-1.0", "bigscience-bloom-rail-1.0"),
        ("mine alone", "mine-alone"),
    ],
)
def test_how_a_person_writes_it_does_not_matter(written: str, identifier: str) -> None:
    assert normalised(written) == identifier


def test_what_is_not_in_the_table_is_nothing() -> None:
    assert terms_of("mine-alone") is None
    assert terms_of("mit") is LICENCES["mit"]
