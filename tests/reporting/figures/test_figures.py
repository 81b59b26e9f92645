"""What holds for every figure: the same bytes everywhere, text as text, its own ids."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from stillroom.reporting import figures
from stillroom.reporting.figures.confusion import worst_classes

CONFTEST = Path(__file__).parents[1]
SUPPORT = CONFTEST.parents[0] / "support"
# Draws the whole page in a fresh process; its hash seed differs from run to run.
DRAW = """
import hashlib, sys
sys.path[:0] = sys.argv[1:]
import conftest
from stillroom.reporting.page import page
html = page(conftest.make_documents([str(digit) for digit in range(10)]))
print(hashlib.sha256(html.encode()).hexdigest())
"""


def curves(count: int, epochs: int = 3) -> list[dict[str, str | float | None]]:
    return [
        {"model": f"member-{index}", "epoch": epoch, "validation_nll": 1.0 / epoch + index}
        for index in range(count)
        for epoch in range(1, epochs + 1)
    ]


def drawn() -> dict[str, str]:
    reliable = [{"model": "student", "bin": 9, "confidence": 0.9, "accuracy": 0.8, "count": 4}]
    matrix = np.array([[3, 1], [0, 2]])
    return {
        "curves": figures.learning_curves("curves", "Teachers", curves(2), "validation_nll"),
        "reliability": figures.reliability("reliability", "student", reliable, 0.1),
        "confusion": figures.confusion("confusion", "student", matrix, ["a", "<b>"]),
        "similarity": figures.similarity("similarity", matrix / 4, ["a", "$b$"]),
    }


def test_two_processes_draw_the_same_bytes() -> None:
    hashes = [
        subprocess.run(
            [sys.executable, "-c", DRAW, str(CONFTEST), str(SUPPORT)],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout
        for _ in range(2)
    ]
    assert len(hashes[0].strip()) == len(hashlib.sha256().hexdigest())
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("name", ["curves", "reliability", "confusion", "similarity"])
def test_a_figure_is_well_formed_with_text_as_text_and_ids_of_its_own(name: str) -> None:
    svg = drawn()[name]
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"]
    assert "width" not in root.attrib  # the page decides
    assert root.findall(".//{http://www.w3.org/2000/svg}text")
    assert all(found.startswith(f"{name}-") for found in re.findall(r'<[^>]* id="([^"]+)"', svg))
    assert "<metadata" not in svg
    assert "<image" not in svg


def test_drawing_leaves_the_process_as_it_was() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    drawn()
    assert dict(matplotlib.rcParams) == before


def test_names_are_neither_markup_nor_formulas() -> None:
    assert "&lt;b&gt;" in drawn()["confusion"]
    assert ">$b$<" in drawn()["similarity"]


def test_a_few_lines_are_labelled_each_and_a_family_together() -> None:
    few = figures.learning_curves("few", "Teachers", curves(3), "validation_nll")
    assert ">member-2<" in few
    family = figures.learning_curves("family", "Teachers", curves(4), "validation_nll")
    assert ">4 members<" in family
    assert ">member-2<" not in family


def test_lines_are_told_apart_without_colour() -> None:
    svg = figures.learning_curves("c", "Teachers", curves(3), "validation_nll")
    dashes = set(re.findall(r"stroke-dasharray: ([^;\"]+)", svg))
    assert len(dashes - {"none"}) >= 3


@pytest.mark.parametrize("values", [[None, None], [None, 0.5], [0.5]])
def test_missing_values_and_single_epochs_draw(values: list[float | None]) -> None:
    records = [
        {"model": "student", "epoch": epoch, "validation_accuracy": value}
        for epoch, value in enumerate(values, start=1)
    ]
    svg = figures.learning_curves("c", "Students", records, "validation_accuracy")
    assert ElementTree.fromstring(svg) is not None


def test_a_matrix_without_an_error_draws() -> None:
    svg = figures.confusion("c", "student", np.diag([5, 5]), ["a", "b"])
    assert "0 wrong" in svg


def test_the_worst_classes_are_those_with_errors_in_their_own_order() -> None:
    # 30 classes; class 29 is taken for class 3 ten times, class 7 for class 8 once.
    matrix = np.diag(np.full(30, 4))
    matrix[29, 3], matrix[7, 8] = 10, 1
    worst = worst_classes(matrix)
    assert len(worst) == 20
    assert {3, 7, 8, 29} <= set(worst.tolist())
    assert worst.tolist() == sorted(worst.tolist())
