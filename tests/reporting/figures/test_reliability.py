"""Reliability: each bin of a model stands at its place; its size is its share of the examples."""

from xml.etree import ElementTree

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stillroom.reporting.figures.canvas import ACCENT
from stillroom.reporting.figures.reliability import reliability

SVG = "{http://www.w3.org/2000/svg}"
RECORDS = [
    {"model": "student", "bin": 5, "confidence": 0.5, "accuracy": 0.25, "count": 25},
    {"model": "student", "bin": 9, "confidence": 0.9, "accuracy": 0.8, "count": 74},
    {"model": "student", "bin": 2, "confidence": 0.2, "accuracy": 1.0, "count": 1},
    {"model": "control", "bin": 9, "confidence": 0.95, "accuracy": 0.1, "count": 100},
]


def painted(model: str) -> Axes:
    """Return the axes of the figure before they become SVG."""
    axes = Figure().add_subplot()
    reliability(model, RECORDS).painter(axes)
    return axes


def test_a_mark_lies_at_its_confidence_and_accuracy_as_large_as_its_share() -> None:
    axes = painted("student")
    (marks,) = axes.collections
    np.testing.assert_allclose(marks.get_offsets(), [[0.5, 0.25], [0.9, 0.8], [0.2, 1.0]])
    # A quarter and 74% of 420 square points; one of a hundred would be invisible.
    np.testing.assert_allclose(marks.get_sizes(), [105.0, 310.8, 14.0])


def test_the_diagonal_is_where_confidence_is_accuracy() -> None:
    axes = painted("student")
    diagonal, through = axes.lines
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert through.get_xydata().tolist() == [[0.5, 0.25], [0.9, 0.8], [0.2, 1.0]]


def test_the_error_and_the_model_are_named() -> None:
    root = ElementTree.fromstring(reliability("student", RECORDS).svg("r"))
    # A quarter of 0.25, 74% of 0.1 and 1% of 0.8: 0.1445.
    texts = {text.text for text in root.iter(f"{SVG}text")}
    assert {"ECE 14.4%", "Student, distilled", "too sure", "not sure enough"} <= texts
    assert root.attrib["aria-label"] == (
        "Accuracy by confidence: Student, distilled, calibration error 14.4%"
    )


def test_only_the_students_marks_are_in_the_accent() -> None:
    assert ACCENT in reliability("student", RECORDS).svg("r")
    assert ACCENT not in reliability("control", RECORDS).svg("r")
