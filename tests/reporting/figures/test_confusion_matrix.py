"""Confusion: each count stands in its cell; if there are many classes, the worst are drawn."""

import re
from xml.etree import ElementTree

import numpy as np

from stillroom.reporting.figures.canvas import ACCENT
from stillroom.reporting.figures.confusion_matrix import confusion, worst_classes

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_every_count_but_zero_stands_in_a_cell() -> None:
    matrix = np.array([[31, 7, 0], [0, 52, 11], [0, 0, 23]])
    words = texts(confusion("control", matrix, ["a", "b", "c"]).svg("c"))
    assert sorted(text for text in words if text.isdigit()) == ["11", "23", "31", "52", "7"]
    assert "Student alone: 18 wrong" in words
    assert {"answer", "true class"} <= set(words)


def test_its_description_says_how_many_are_wrong() -> None:
    root = ElementTree.fromstring(
        confusion("student", np.array([[3, 1], [2, 4]]), ["a", "b"]).svg("c")
    )
    assert root.attrib["aria-label"] == "Confusion of Student, distilled: 3 of 10 wrong"


def test_a_matrix_without_an_error_draws() -> None:
    assert "0 wrong" in confusion("student", np.diag([5, 5]), ["a", "b"]).svg("c")


def test_only_the_students_title_is_in_the_accent() -> None:
    titles = [
        re.search(
            r"<text[^>]*>[^<]*wrong", confusion(model, np.eye(2, dtype=int), ["a", "b"]).svg("c")
        )
        for model in ("teacher", "control", "student")
    ]
    assert [ACCENT in (title.group() if title else "") for title in titles] == [False, False, True]


def test_names_are_no_markup() -> None:
    assert "&lt;b&gt;" in confusion("student", np.eye(2, dtype=np.int64), ["a", "<b>"]).svg("c")


def test_the_worst_classes_are_those_with_errors_in_their_own_order() -> None:
    # 30 classes; class 29 is taken for class 3 ten times, class 7 for class 8 once.
    matrix = np.diag(np.full(30, 4))
    matrix[29, 3], matrix[7, 8] = 10, 1
    worst = worst_classes(matrix)
    assert len(worst) == 20
    assert {3, 7, 8, 29} <= set(worst.tolist())
    assert worst.tolist() == sorted(worst.tolist())


def test_errors_that_are_not_drawn_are_counted() -> None:
    svg = confusion("student", np.array([[3, 1], [2, 4]]), ["a", "b"], elsewhere=1200).svg("c")
    assert "Student, distilled: 1,203 wrong, 3 of them here" in svg
    assert "3 of 10 wrong, 1,200 more elsewhere" in svg
