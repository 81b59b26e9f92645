"""Creative Commons: the conditions follow from the letters."""

import pytest

from stillroom.teachers.licences.creative_commons import CREATIVE_COMMONS


@pytest.mark.parametrize(
    ("identifier", "words", "student"),
    [
        ("cc-by-4.0", ["Name the teacher"], None),
        ("cc-by-sa-4.0", ["Name", "Share the student"], "cc-by-sa-4.0"),
        ("cc-by-nc-4.0", ["Name", "noncommercial"], "cc-by-nc-4.0"),
        ("cc-by-nc-sa-3.0", ["Name", "noncommercial", "Share"], "cc-by-nc-sa-3.0"),
        ("cc-by-nd-4.0", ["Name", "Do not share"], None),
        ("cc-by-nc-nd-4.0", ["Name", "noncommercial", "Do not share"], None),
    ],
)
def test_each_letter_is_a_condition(identifier: str, words: list[str], student: str | None) -> None:
    terms = CREATIVE_COMMONS[identifier]
    assert len(terms.conditions) == len(words)
    for word, condition in zip(words, terms.conditions, strict=True):
        assert word in condition
    assert terms.student == student


def test_every_version_that_the_hub_has_is_there() -> None:
    assert len(CREATIVE_COMMONS) == 4 + 2 + 3 + 3 + 1 + 2
    assert CREATIVE_COMMONS["cc-by-nc-2.0"].source == "version 2.0, sections 3 and 4"
