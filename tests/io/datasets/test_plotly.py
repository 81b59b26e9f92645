"""Figures of documents, with coordinates that were worked out by hand."""

from typing import Any

import pytest

from stillroom.errors import ConfigError
from stillroom.io.datasets.plotly import DOCUMENTS, FIGURES, require_kind

LOSS = {"value": 0.1, "low": 0.05, "high": 0.2}
SLICES: dict[str, Any] = {
    "measure": "accuracy",
    "slices": [
        {"name": "a", "means": {"loss": 0.1}, "judgement": {"loss": LOSS, "is_called_out": True}},
        {"name": "b", "means": {"loss": 0.02}, "judgement": None},
        {"name": "none", "means": None, "judgement": None},
    ],
}
TREE = {
    "knowledge": {
        "tree": {
            "leaves": ["cat", "dog", "car"],
            "joins": [
                {"first": 0, "second": 1, "likeness": 0.25},
                {"first": 3, "second": 2, "likeness": 0.0},
            ],
        }
    }
}


def test_a_slice_that_is_called_out_stands_apart_with_its_interval() -> None:
    called, others = DOCUMENTS["slices"](SLICES)["data"]
    assert (called["y"], called["x"]) == (["a"], [0.1])
    assert called["error_x"]["array"] == pytest.approx([0.1])
    assert called["error_x"]["arrayminus"] == pytest.approx([0.05])
    assert (others["y"], others["x"], others["error_x"]["array"]) == (["b"], [0.02], [0])


def test_classes_that_are_alike_join_near_their_leaves() -> None:
    figure = DOCUMENTS["tree"](TREE)
    (trace,) = figure["data"]
    assert trace["x"] == [0.0, 0.75, 0.75, 0.0, None, 0.75, 1.0, 1.0, 0.0, None]
    assert trace["y"] == [0.0, 0.0, 1.0, 1.0, None, 0.5, 0.5, 2.0, 2.0, None]
    assert figure["layout"]["yaxis"]["ticktext"] == ["cat", "dog", "car"]


def test_of_a_vocabulary_there_is_no_tree() -> None:
    assert DOCUMENTS["tree"]({})["data"][0]["x"] == []


def test_the_front_of_a_family_is_a_line_from_small_to_large() -> None:
    rows = [
        {"model": name, "measure": "accuracy", "quality": good, "parameters": size, "front": front}
        for name, good, size, front in (("t", 0.9, 100, 1), ("s", 0.8, 10, 1), ("x", 0.7, 20, 0))
    ]
    front, others = FIGURES["family"](rows)["data"]
    assert (front["x"], front["y"], front["text"]) == ([10, 100], [0.8, 0.9], ["s", "t"])
    assert others["text"] == ["x"]
    assert "lines" in front["mode"]
    assert "lines" not in others["mode"]


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"treee is not a kind of plot. Did you mean tree\?"):
        require_kind("treee", DOCUMENTS)
