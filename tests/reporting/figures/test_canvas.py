"""Rules for every figure: the same bytes everywhere, text as text, its own ids."""

import hashlib
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
from support.evaluation.family_records import kin
from support.report_documents import Documents

from stillroom.reporting import figures
from stillroom.reporting.figures.canvas import Drawing
from stillroom.reporting.page import page
from stillroom.reporting.section_registry import REGISTRY, sections_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SVG = "{http://www.w3.org/2000/svg}"
# Draws every figure of the page in a fresh process; its hash seed differs from run to run.
DRAW = """
import hashlib, json, sys
from pathlib import Path
from stillroom.reporting.page import page
from stillroom.reporting.section_registry import REGISTRY, sections_of
documents = json.load(sys.stdin)
documents["encoder"] = Path(documents["encoder"])
sections = sections_of(name for name in REGISTRY.builtin if name != "soft_labels")
print(hashlib.sha256(page(sections, documents).encode()).hexdigest())
"""


def drawn() -> dict[str, str]:
    curve = [
        {"model": f"member-{at}", "epoch": epoch, "validation_nll": 1.0 / epoch + at}
        for at in range(2)
        for epoch in (1, 2, 3)
    ]
    reliable = [{"model": "student", "bin": 9, "confidence": 0.9, "accuracy": 0.8, "count": 4}]
    matrix = np.array([[3, 1], [0, 2]])
    timed = {"ms_p50": 1.0, "front_by_time": 0}
    family = [kin(name, 0.9, size, **timed) for name, size in (("teacher", 1e6), ("<b>", 2e3))]
    return {
        "curves": figures.learning_curves("Teachers", curve, "validation_nll").svg("curves"),
        "reliability": figures.reliability("student", reliable).svg("reliability"),
        "confusion": figures.confusion("student", matrix, ["a", "<b>"]).svg("confusion"),
        "ratios": figures.ratios("a over b", [("Parameters", 81.5), ("Latency", 0.5)]).svg(
            "ratios"
        ),
        "family": figures.family(family, "parameters").svg("family"),
        "similarity": figures.similarity(matrix / 4, ["a", "$b$"]).svg("similarity"),
    }


def line(name: str, width: int = 300, height: int = 200, description: str = "a line") -> str:
    def paint(axes: "Axes") -> None:
        axes.plot([0, 1], [0, 1])
        axes.set_title("url(#x) $y$")

    return Drawing(width, height, description, paint).svg(name)


def test_two_processes_draw_the_same_bytes(documents: Documents) -> None:
    plain = {name: one for name, one in documents.items() if name != "soft_labels"}
    fresh = subprocess.run(
        [sys.executable, "-c", DRAW],
        input=json.dumps(plain, default=str).encode(),
        capture_output=True,
        check=True,
        timeout=120,
    ).stdout
    sections = sections_of(name for name in REGISTRY.builtin if name != "soft_labels")
    html = page(sections, documents)
    assert fresh.decode().strip() == hashlib.sha256(html.encode()).hexdigest()


@pytest.mark.parametrize("name", ["curves", "reliability", "confusion", "similarity"])
def test_a_figure_is_well_formed_with_text_as_text_and_ids_of_its_own(name: str) -> None:
    svg = drawn()[name]
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"]
    assert "width" not in root.attrib  # the page sets its size
    assert root.findall(f".//{SVG}text")
    assert all(
        element_id.startswith(f"{name}-") for element_id in re.findall(r'<[^>]* id="([^"]+)"', svg)
    )
    assert "<metadata" not in svg
    assert "<image" not in svg


def test_drawing_leaves_the_process_as_it_was() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    drawn()
    assert dict(matplotlib.rcParams) == before


def test_the_size_is_that_of_the_drawing_and_not_of_the_page() -> None:
    root = ElementTree.fromstring(line("one", width=300, height=200))
    assert [float(number) for number in root.attrib["viewBox"].split()] == [0, 0, 300, 200]


def test_two_figures_of_equal_shapes_share_no_id() -> None:
    ids = [set(re.findall(r' id="([^"]+)"', line(name))) for name in ("one", "two")]
    assert ids[0]
    assert not ids[0] & ids[1]
    for name, svg in (("one", line("one")), ("two", line("two"))):
        used = re.findall(r'(?:href="#|clip-path="url\(#)([^")]+)', svg)
        assert used
        assert all(one.startswith(f"{name}-") for one in used)


def test_text_that_looks_like_a_reference_or_a_formula_is_left_alone() -> None:
    texts = [text.text for text in ElementTree.fromstring(line("one")).iter(f"{SVG}text")]
    assert "url(#x) $y$" in texts


def test_a_description_is_escaped_and_printable() -> None:
    label = ElementTree.fromstring(line("one", description='<b> & "c"\x00')).attrib["aria-label"]
    assert label == '<b> & "c"\N{REPLACEMENT CHARACTER}'
