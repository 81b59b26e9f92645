"""Learning curves: a line for each model; lines differ and have labels without colour."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest

from stillroom.reporting.figures.canvas import ACCENT
from stillroom.reporting.figures.curves import learning_curves

SVG = "{http://www.w3.org/2000/svg}"


def curves(*models: str, epochs: int = 3) -> list[dict[str, Any]]:
    return [
        {"model": model, "epoch": epoch, "validation_nll": 1.0 / epoch + index}
        for index, model in enumerate(models)
        for epoch in range(1, epochs + 1)
    ]


def members(count: int) -> list[dict[str, Any]]:
    return curves(*(f"member-{index}" for index in range(count)))


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_a_few_lines_are_labelled_each_and_a_family_together() -> None:
    few = learning_curves("Teachers", members(3), "validation_nll").svg("few")
    assert ">member-2<" in few
    family = learning_curves("Teachers", members(4), "validation_nll").svg("family")
    assert ">4 members<" in family
    assert ">member-2<" not in family


def test_a_line_without_a_value_has_no_label_and_is_not_counted() -> None:
    records = [*members(3), {"model": "lost", "epoch": 1, "validation_nll": None}]
    labels = texts(learning_curves("Teachers", records, "validation_nll").svg("c"))
    assert {"member-0", "member-1", "member-2"} <= set(labels)
    assert not {"lost", "4 members"} & set(labels)


def test_of_several_seeds_the_first_is_labelled() -> None:
    records = curves("control", "student", "control_1", "student_1", "control_2", "student_2")
    labels = texts(learning_curves("Students", records, "validation_nll").svg("c"))
    assert "Student, distilled" in labels
    assert "Student alone" in labels
    assert not [text for text in labels if "_" in text or "members" in text]


def test_lines_can_be_distinguished_without_colour() -> None:
    svg = learning_curves("Teachers", members(3), "validation_nll").svg("c")
    dashes = set(re.findall(r"stroke-dasharray: ([^;\"]+)", svg))
    assert len(dashes - {"none"}) >= 3


def test_the_students_line_alone_is_in_the_accent_and_the_boldest() -> None:
    svg = learning_curves("Students", curves("control", "student"), "validation_nll").svg("c")
    (mine,) = re.findall(rf'<path d="[^"]*"[^>]*style="([^"]*stroke: {ACCENT}[^"]*)"', svg)
    assert "stroke-width: 2.2" in mine
    assert "dasharray" not in mine


def test_title_and_description_name_the_measure_and_the_models() -> None:
    svg = learning_curves("Students", curves("control", "student"), "validation_nll").svg("c")
    assert "Students: validation NLL, nats" in texts(svg)
    label = ElementTree.fromstring(svg).attrib["aria-label"]
    assert label == "validation NLL, nats by epoch, of Student alone, Student, distilled"


def test_labels_of_lines_that_end_together_do_not_overlap() -> None:
    records = [
        {"model": model, "epoch": epoch, "validation_nll": epoch + gap}
        for model, gap in (("a", 0.0), ("b", 0.001), ("c", 0.002))
        for epoch in (1, 2)
    ]
    svg = learning_curves("Teachers", records, "validation_nll").svg("c")
    heights = {
        text.text: float(text.attrib["y"])
        for text in ElementTree.fromstring(svg).iter(f"{SVG}text")
        if text.text in ("a", "b", "c")
    }
    # 6% each of the axes' 200 units or so.
    assert heights["a"] - heights["b"] > 8
    assert heights["b"] - heights["c"] > 8


@pytest.mark.parametrize("values", [[None, None], [None, 0.5], [0.5]])
def test_missing_values_and_single_epochs_draw(values: list[float | None]) -> None:
    records = [
        {"model": "student", "epoch": epoch, "validation_accuracy": value}
        for epoch, value in enumerate(values, start=1)
    ]
    svg = learning_curves("Students", records, "validation_accuracy").svg("c")
    assert ElementTree.fromstring(svg) is not None
    labelled = "Student, distilled" in texts(svg)
    assert labelled == any(value is not None for value in values)
