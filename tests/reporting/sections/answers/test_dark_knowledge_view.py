import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.dark_knowledge.dark_knowledge import dark_knowledge
from stillroom.evaluation.dark_knowledge.transfer_share import Shares, TransferShare
from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.reporting.page import html_of
from stillroom.reporting.sections.answers.dark_knowledge import SECTION
from stillroom.reporting.sections.answers.dark_knowledge_view import (
    dark_knowledge_view,
    learnt_in_words,
)
from stillroom.reporting.thumbnails import image_thumbnail, text_thumbnail

HARM = "<script>alert(1)</script>"


def make(classes: list[str], rows: int = 300) -> dict[str, Any]:
    """Return a document as evaluate writes it: each class looks like the one four after it."""
    random, count = np.random.default_rng(7), len(classes)
    labels = np.arange(rows) % count
    signal = 6 * np.eye(count) + 3 * np.eye(count)[(np.arange(count) + 4) % count]
    teacher, student, control = (
        softmax(signal[labels] + noise * random.standard_normal((rows, count)))
        for noise in (1.0, 1.2, 2.5)
    )
    knowledge = dark_knowledge(teacher, student[None], control[None], labels, classes, 20, 6)
    thumbnails = [
        image_thumbnail(np.full((8, 8, 1), 200, np.uint8)) if at % 2 else text_thumbnail(HARM)
        for at in range(len(knowledge.pairs))
    ]
    document = {"knowledge": asdict(knowledge), "shown": [asdict(one) for one in thumbnails]}
    return json.loads(json.dumps(document, allow_nan=False))


def softmax(logits: Any) -> Any:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def rendered(document: object) -> str:
    return html_of(SECTION, dark_knowledge_view(document))


def test_the_section_shows_the_pairs_with_their_examples() -> None:
    document = make([str(digit) for digit in range(10)])
    content = dark_knowledge_view(document)
    assert {(pair.actual, pair.looks_like) for pair in content.pairs} <= {
        (str(digit), str((digit + 4) % 10)) for digit in range(10)
    }
    html = rendered(document)
    assert html.count("<svg") == 2
    assert html.count("<img") == 3
    assert html.count('src="data:image/png;base64,') == 3
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert "most similar of" not in html


def test_many_classes_are_cut_and_the_page_says_so() -> None:
    content = dark_knowledge_view(make([f"intent {at}" for at in range(77)]))
    assert (content.classes, content.in_grid, content.leaves) == (77, 20, 77)
    assert 38 <= content.in_tree <= 40
    html = rendered(make([f"intent {at}" for at in range(77)]))
    assert "the 20 most similar of 77 classes, and the tree has " in html


def test_names_that_mean_harm_are_words() -> None:
    html = rendered(make([HARM, '"><img src=x>', "{{ 7 * 7 }}", "$x$", "a\x00b", "日本"]))
    assert "<script" not in html
    assert "<img src=x" not in html


def test_two_classes_have_a_section_too() -> None:
    html = rendered(make(["a", "b"]))
    assert "The most surprising pairs" not in html
    assert "so there is nothing to learn about them" in html
    assert "Student alone" not in html


@pytest.mark.parametrize(
    ("taught", "words"),
    [
        (Estimate(0.2, 0.1, 0.3), "the soft labels taught it 20 points (10 to 30)."),
        (
            Estimate(0.01, -0.1, 0.1),
            "cannot show whether the soft labels taught it anything, 1 points (-10 to 10).",
        ),
        (Estimate(-0.2, -0.3, -0.1), "the soft labels reduced this by 20 points (10 to 30)."),
    ],
)
def test_the_words_say_no_more_than_the_interval(taught: Estimate, words: str) -> None:
    shares = Shares(Estimate(0.7, 0.6, 0.8), Estimate(0.5, 0.4, 0.6), taught)
    sentence = learnt_in_words(TransferShare(0.1, shares, 0.9, 0.8))
    assert "answers hold 70%" in sentence
    assert "without a teacher holds 50% by itself" in sentence
    assert sentence.endswith(words)


def test_a_damaged_document_is_refused() -> None:
    document = make(["a", "b", "c", "d", "e", "f"])
    for damage in (
        {"shown": []},
        {"knowledge": {}},
        {"knowledge": document["knowledge"] | {"grid": {"classes": ["a"], "probabilities": []}}},
        {"knowledge": document["knowledge"] | {"tree": {"leaves": ["a", "b"], "joins": []}}},
        {"shown": [{"image": "http://evil.example"}] * len(document["shown"])},
    ):
        with pytest.raises(DataError, match=r"malformed|damaged|not within the page"):
            dark_knowledge_view(document | damage)
