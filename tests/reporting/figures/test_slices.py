"""The figure of slices: marks without colour, and the slices that are drawn."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from stillroom.evaluation.slices.verdicts import Judgement, Means, SliceVerdict, SliceVerdicts
from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.reporting.figures.canvas import ACCENT
from stillroom.reporting.figures.slices import MOST, WIDTH, slices, worst


def means(loss: float) -> Means:
    return Means(teacher=0.95, control=0.9, student=0.95 - loss, loss=loss)


def a_slice(name: str, loss: float, p: float | None = 0.9, examples: int = 100) -> SliceVerdict:
    around = Estimate(loss, loss - 0.04, loss + 0.05)
    judgement = Judgement(loss=around, excess=around, p=p or 0.0, is_called_out=p == 0.0)
    return SliceVerdict(
        name=name,
        kind="class",
        examples=examples,
        means=means(loss),
        judgement=None if p is None else judgement,
    )


def judged_of(*some: SliceVerdict) -> SliceVerdicts:
    return SliceVerdicts(
        measure="accuracy",
        least=30,
        examples=2000,
        means=means(0.021),
        loss=Estimate(0.021, 0.01, 0.03),
        slices=some,
    )


MIXED = judged_of(
    a_slice("class 1", 0.01),
    a_slice("class 7", 0.304, p=0.0),
    a_slice("tiny", 0.5, p=None, examples=4),
    a_slice("class 2", -0.02),
    SliceVerdict(name="nothing", kind="condition", examples=0, means=None, judgement=None),
)


def test_called_out_comes_first_then_judged_then_small_ones_by_loss() -> None:
    assert [one.name for one in worst(MIXED)] == ["class 7", "class 1", "class 2", "tiny"]


def test_the_numbers_and_the_overall_loss_stand_in_the_figure() -> None:
    svg = slices(MIXED).svg("slices")
    root = ElementTree.fromstring(svg)
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    for wanted in ("class 7 (100)", "30.4", "tiny (4)", "50.0", "-2.0", "all 2.1"):
        assert wanted in texts
    assert "1 of 3 slices loses more than the rest" in texts
    assert "nothing (0)" not in texts


def test_what_is_called_out_is_bold_in_the_accent_and_of_another_shape() -> None:
    svg = slices(MIXED).svg("slices")
    accented = [tag for tag in re.findall(r"<text[^>]*>[^<]*", svg) if ACCENT in tag]
    assert {re.sub("<[^>]*>", "", tag) for tag in accented} == {"class 7 (100)", "30.4"}
    assert all("bold" in tag or "700" in tag for tag in accented)
    quiet = slices(judged_of(a_slice("class 1", 0.01))).svg("slices")
    assert ACCENT not in quiet
    assert "None of 1 slices clearly loses more than the rest" in quiet


def test_of_many_slices_the_worst_are_drawn() -> None:
    many = [a_slice(f"class {index}", index / 1000) for index in range(60)]
    drawn = worst(judged_of(*many, a_slice("broken", 0.0, p=0.0)))
    assert len(drawn) == MOST
    assert [one.name for one in drawn[:2]] == ["broken", "class 59"]


def test_a_requested_condition_is_drawn_regardless_of_its_loss() -> None:
    many = [a_slice(f"class {number}", 0.1 + number / 100) for number in range(MOST + 5)]
    condition = replace(a_slice("short", -0.5), kind="condition")
    drawn = worst(judged_of(*many, condition))
    assert len(drawn) == MOST
    assert drawn[-1] == condition


def test_it_is_as_wide_as_a_telephone() -> None:
    box = re.search(r'viewBox="0 0 ([0-9.]+) ', slices(MIXED).svg("slices"))
    assert box
    assert float(box.group(1)) == WIDTH == 400


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "$x^2$", "a\x00b", "n" * 300])
def test_names_are_neither_markup_nor_formulas(name: str) -> None:
    svg = slices(judged_of(a_slice(name, 0.01))).svg("slices")
    assert "<script" not in svg
    assert ElementTree.fromstring(svg) is not None
    assert max(map(len, re.findall(">([^<]*)<", svg))) < 60


def test_without_a_slice_the_whole_is_drawn() -> None:
    assert "all 2.1" in slices(judged_of()).svg("slices")


def test_nats_have_their_own_unit_and_digits() -> None:
    svg = slices(replace(MIXED, measure="nll")).svg("slices")
    assert "nats" in svg
    assert ">0.304<" in svg
