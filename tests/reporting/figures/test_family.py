import re

import pytest
from support.evaluation.family_records import kin

from stillroom.reporting.figures.family import family

TIMED = {"ms_p50": 1.0, "front_by_time": 1}
KIN = [
    kin("teacher", 0.9, 2e6, **TIMED),
    kin("tiny", 0.8, 3e3, **TIMED),
    kin("bad", 0.5, 3e4, front=0, **TIMED),
]


def texts(svg: str) -> list[str]:
    return re.findall(r">([^<>]+)</text>", svg)


def test_every_model_is_named_and_those_on_the_front_are_described() -> None:
    svg = family(KIN, "parameters").svg("f")
    assert {"teacher", "tiny", "bad"} <= set(texts(svg))
    assert "on the front: tiny, teacher" in svg
    assert {"10k", "100k", "1M"} & set(texts(svg))


def test_a_student_alone_is_a_mark_more() -> None:
    plain = family(KIN, "parameters").svg("f")
    beside = family([KIN[0], KIN[1] | {"alone": 0.7}, KIN[2]], "parameters").svg("f")
    assert beside.count("<use") == plain.count("<use") + 1


@pytest.mark.parametrize(("measure", "is_above"), [("accuracy", True), ("nll", False)])
def test_what_is_better_is_above(measure: str, is_above: bool) -> None:
    svg = family([row | {"measure": measure} for row in KIN], "parameters").svg("f")
    heights = re.findall(r'y="([\d.]+)"[^>]*>(teacher|bad)</text>', svg)
    places = {name: float(y) for y, name in heights}
    assert (places["teacher"] < places["bad"]) == is_above


def test_names_of_models_alike_stand_below_each_other() -> None:
    twins = [KIN[0], kin("one", 0.8, 3e3, **TIMED), kin("two", 0.8, 3e3, **TIMED)]
    heights = re.findall(
        r'y="([\d.]+)"[^>]*>(one|two)</text>', family(twins, "parameters").svg("f")
    )
    places = {name: float(y) for y, name in heights}
    assert places["two"] - places["one"] > 10
