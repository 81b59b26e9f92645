import re
from typing import Any

import pytest

from stillroom.reporting.figures.family import family


def record(model: str, quality: float, parameters: float, **changes: Any) -> dict[str, Any]:
    return {
        "model": model,
        "measure": "accuracy",
        "quality": quality,
        "low": quality - 0.01,
        "high": quality + 0.01,
        "alone": quality,
        "parameters": parameters,
        "ms_p50": 1.0,
        "front": 1,
        "front_by_time": 1,
    } | changes


KIN = [record("teacher", 0.9, 2e6), record("tiny", 0.8, 3e3), record("bad", 0.5, 3e4, front=0)]


def texts(svg: str) -> list[str]:
    return re.findall(r">([^<>]+)</text>", svg)


def test_every_model_is_named_and_those_on_the_front_are_described() -> None:
    svg = family("f", KIN, "parameters")
    assert {"teacher", "tiny", "bad"} <= set(texts(svg))
    assert "on the front: tiny, teacher" in svg
    assert {"10k", "100k", "1M"} & set(texts(svg))


def test_a_student_alone_is_a_mark_more() -> None:
    plain = family("f", KIN, "parameters")
    beside = family("f", [KIN[0], KIN[1] | {"alone": 0.7}, KIN[2]], "parameters")
    assert beside.count("<use") == plain.count("<use") + 1


@pytest.mark.parametrize(("measure", "is_above"), [("accuracy", True), ("nll", False)])
def test_what_is_better_is_above(measure: str, is_above: bool) -> None:
    svg = family("f", [row | {"measure": measure} for row in KIN], "parameters")
    found = re.findall(r'y="([\d.]+)"[^>]*>(teacher|bad)</text>', svg)
    places = {name: float(y) for y, name in found}
    assert (places["teacher"] < places["bad"]) == is_above
