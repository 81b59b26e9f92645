"""The view of slices: the figure, and the words beside it."""

from typing import Any

import pytest
from support.evaluation.slice_documents import a_slice, of_slices

from stillroom.errors import DataError
from stillroom.reporting.page import html_of
from stillroom.reporting.sections.answers.slices import SECTION
from stillroom.reporting.sections.answers.slices_view import slices_view

HARM = "<script>alert(1)</script>"


def test_the_figure_shows_each_slice_and_no_markup_of_a_name() -> None:
    content = slices_view(of_slices(a_slice("class 7"), a_slice(HARM)))
    assert (content.slices, content.judged, content.drawn, content.least) == (2, 2, 2, 30)
    html = html_of(SECTION, content)
    assert html.count("<svg") == 1
    assert "class 7 (200)" in html
    assert "<script" not in html


def test_the_section_says_if_there_is_no_slice() -> None:
    content = slices_view(of_slices())
    assert content.figure == ""
    html = html_of(SECTION, content)
    assert "There is no slice to show." in html
    assert "<svg" not in html


def test_many_slices_are_cut_and_the_section_says_so() -> None:
    content = slices_view(of_slices(*(a_slice(f"class {n}", called_out=False) for n in range(77))))
    assert (content.slices, content.drawn) == (77, 25)
    html = html_of(SECTION, content)
    assert "The figure shows the 25 worst slices." in html


@pytest.mark.parametrize("change", [{"measure": "f1"}, {"slices": [{}]}, {"means": None}])
def test_a_damaged_document_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=r"slices\.json: .* is malformed"):
        slices_view(of_slices(a_slice("class 7")) | change)
