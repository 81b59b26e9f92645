"""The section with the answers: shares, differences, and what models said, as text alone."""

from typing import Any

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.answers.answer_evidence import Answered, AnswerEvidence, shares_right
from stillroom.reporting.page import html_of
from stillroom.reporting.sections.answers.answers import SECTION, build

HARM = "<script>alert(1)</script> {{ 7 * 7 }} \x1b[31m"


def document() -> dict[str, Any]:
    right = {
        "teacher": np.array([True] * 90 + [False] * 10),
        "control": np.array([True] * 20 + [False] * 80),
        "student": np.array([False] * 5 + [True] * 40 + [False] * 55),
    }
    shown = Answered(
        HARM, HARM, dict.fromkeys(right, HARM), {"teacher": True, "control": False, "student": True}
    )
    return AnswerEvidence(
        rule="contains",
        words="the reference stands in the answer",
        prompts=100,
        max_tokens=24,
        left_out={"too_long": 1, "no_reference": 2000},
        shown=[shown],
        **shares_right(right),
    ).to_json()


def test_shares_differences_and_what_was_left_out_are_shown() -> None:
    view = build(document())
    assert view is not None
    assert [share.right for share in view.shares] == ["90.0%", "20.0%", "40.0%"]
    assert view.differences[0].startswith("Student minus control: 20.0 points (")
    assert "Only the student is right on 25 prompts, only its control on 5" in view.differences[0]
    assert view.differences[1].startswith("Student minus teacher: -50.0 points (")
    assert view.left_out.startswith("1 too long for the positions of a model, 2,000 without a ref")
    html = html_of(SECTION, view)
    assert "By the rule <code>contains</code>, the reference stands in the answer." in html
    assert html.count(": right<") == 2
    assert html.count(": wrong<") == 1


def test_what_models_say_is_text_alone() -> None:
    html = html_of(SECTION, build(document()))
    assert "<script" not in html
    assert "{{ 7 * 7 }}" in html
    assert "\x1b" not in html


def test_without_answers_there_is_no_section() -> None:
    assert build({}) is None
    with pytest.raises(DataError, match="kedro run --pipeline=evaluate"):
        build({"rule": "exact"})
