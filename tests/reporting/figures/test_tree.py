import re
from xml.etree import ElementTree

import numpy as np
import pytest

from stillroom.evaluation.dark_knowledge.tree import Join, Tree, tree
from stillroom.reporting import figures

DIGITS = tree(
    np.array([[0.9, 0.08, 0.02], [0.12, 0.85, 0.03], [0.02, 0.03, 0.95]]), ["4", "9", "<b>$7$"]
)


def test_each_leaf_stands_by_its_name_and_each_join_by_its_number() -> None:
    svg = figures.tree(DIGITS).svg("t")
    words = [
        text.text for text in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
    ]
    assert {"4", "9", "<b>$7$"} <= set(words)
    assert {"10%", "2.5%"} <= set(words)  # (.08 + .12) / 2, and the mean of .02, .02, .03, .03
    assert "most alike: 4 and 9" in svg


def test_it_draws_its_joins_and_nothing_else_in_the_accent() -> None:
    svg = figures.tree(DIGITS).svg("t")
    assert len(re.findall(r'<path d="[^"]*"[^>]*stroke: #a8501f', svg)) == 2


@pytest.mark.parametrize("likeness", [0.0, 1e-9, 0.3, 1.0])
@pytest.mark.parametrize("count", [2, 3, 40])
def test_every_tree_can_be_drawn_regardless_of_its_heights(likeness: float, count: int) -> None:
    joins = [Join(0, 1, likeness)]
    joins += [Join(at, count + at - 2, likeness / 2) for at in range(2, count)]
    tree = Tree(tuple(f"a class with a long name {at}" for at in range(count)), tuple(joins))
    root = ElementTree.fromstring(figures.tree(tree).svg("t"))
    assert "nan" not in ElementTree.tostring(root, encoding="unicode").lower()
    box = [float(number) for number in root.attrib["viewBox"].split()]
    assert box[2] == 400
    assert box[3] > 12 * count


def test_equal_trees_draw_equal_bytes_with_ids_of_their_own() -> None:
    svg = figures.tree(DIGITS).svg("mine")
    assert svg == figures.tree(DIGITS).svg("mine")
    assert all(
        element_id.startswith("mine-") for element_id in re.findall(r'<[^>]* id="([^"]+)"', svg)
    )
