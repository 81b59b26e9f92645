import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.disagreements import disagreements, token_disagreements
from stillroom.reporting.page import html_of
from stillroom.reporting.sections.answers.disagreements import SECTION
from stillroom.reporting.sections.answers.disagreements_view import disagreements_view
from stillroom.reporting.thumbnails import Thumbnail, image_thumbnail, text_thumbnail

TEACHER = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4]])
STUDENT = np.array([[0.04, 0.96], [0.9, 0.1], [0.6, 0.4]])
HARM = "<script>alert(1)</script>"


def of_classes(classes: list[str]) -> Any:
    examples = disagreements(TEACHER, STUDENT, np.array([0, 0, 1]), classes, 5)
    image = asdict(image_thumbnail(np.zeros((8, 8), np.uint8)))
    text = asdict(text_thumbnail(HARM))
    document = {
        "disagreements": asdict(examples),
        "lost": [image] * len(examples.lost),
        "apart": [text] * len(examples.apart),
    }
    return json.loads(json.dumps(document))


def of_tokens() -> Any:
    positions = token_disagreements(np.array([0.5, 1.0]), np.array([4.5, 0.9]), np.array([1, 1]), 5)
    thumbnails = [asdict(Thumbnail(text="Once upon", token=" a <b>", after=" time"))]
    return json.loads(
        json.dumps({"positions": [asdict(one) for one in positions], "shown": thumbnails})
    )


def rendered(document: object) -> str:
    return html_of(SECTION, disagreements_view(document))


def test_a_loss_is_reported_with_both_answers() -> None:
    (seen,) = disagreements_view(of_classes(["cat", "dog"])).lost
    assert seen.name == "cat"
    assert seen.lines == (("Teacher", "cat, 90%"), ("Student", "dog, 96%"))
    assert seen.measure == "Probability of cat: 90% → 4%"
    html = rendered(of_classes(["cat", "dog"]))
    assert html.count("<li>") == 2
    assert html.count("<img") == 1


def test_the_answers_furthest_apart_are_reported_once() -> None:
    # Rows 0 and 1 differ; row 0 stands among the lost already. Row 1: .8 ln(8/9) + .2 ln 2 = .044.
    document = of_classes(["cat", "dog"])
    assert [one["row"] for one in document["disagreements"]["apart"]] == [0, 1]
    assert [seen.measure for seen in disagreements_view(document).apart] == ["KL 0.04 nats"]
    alone = document | {"disagreements": document["disagreements"] | {"lost": []}, "lost": []}
    # .9 ln(.9 / .04) + .1 ln(.1 / .96) = 2.80 - .226
    assert disagreements_view(alone).apart[0].measure == "KL 2.58 nats"


def test_names_and_texts_that_mean_harm_are_words() -> None:
    html = rendered(of_classes([HARM, '"><img src=x>']))
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;" in html


def test_a_token_is_marked_in_its_text() -> None:
    html = rendered(of_tokens())
    assert "<q>Once upon<mark> a &lt;b&gt;</mark> time</q>" in html
    assert "Teacher: 61%" in html  # exp(-.5)
    assert "Student: 1.1%" in html  # exp(-4.5)
    assert "The student&#39;s NLL is 4.00 nats higher" in html


def test_a_student_that_says_what_its_teacher_says_has_no_examples() -> None:
    document = {"disagreements": {"lost": [], "apart": []}, "lost": [], "apart": []}
    assert "answers every test example as the teacher does" in rendered(document)


@pytest.mark.parametrize("document", [None, {}, {"positions": 3}, {"disagreements": {"lost": []}}])
def test_a_damaged_document_is_refused(document: object) -> None:
    with pytest.raises(DataError, match=r"disagreements\.json: .* is malformed"):
        disagreements_view(document)


def test_an_example_that_is_not_shown_is_refused() -> None:
    with pytest.raises(DataError, match="1 examples but 0 thumbnails"):
        disagreements_view(of_classes(["cat", "dog"]) | {"lost": []})
