"""Similarity: mean soft labels in whole percents; cells below half a percent are empty."""

from xml.etree import ElementTree

import numpy as np
import pytest

from stillroom.reporting.figures.similarity import similarity

SVG = "{http://www.w3.org/2000/svg}"


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_percents_stand_in_the_cells_and_next_to_nothing_in_none() -> None:
    matrix = np.array([[0.93, 0.0657, 0.0043], [0.0, 0.9951, 0.0049], [0.121, 0.0051, 0.8739]])
    words = texts(similarity(matrix, ["a", "b", "c"]).svg("s"))
    assert sorted(text for text in words if text.isdigit()) == sorted(
        ["93", "7", "100", "12", "1", "87"]
    )
    assert {"a", "b", "c", "the teacher's answer, %", "true class"} <= set(words)


@pytest.mark.filterwarnings("error")
def test_a_teacher_that_finds_nothing_similar_draws() -> None:
    svg = similarity(np.eye(2), ["a", "b"]).svg("s")
    assert [text for text in texts(svg) if text.isdigit()] == ["100", "100"]
    assert "nan" not in svg.lower()


def test_names_are_no_formulas() -> None:
    assert ">$b$<" in similarity(np.eye(2), ["a", "$b$"]).svg("s")


def test_it_is_described() -> None:
    label = ElementTree.fromstring(similarity(np.eye(2), ["a", "b"]).svg("s")).attrib["aria-label"]
    assert label == "Mean soft label of each true class, in percent"
