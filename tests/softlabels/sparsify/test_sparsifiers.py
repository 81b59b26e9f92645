"""Sparsifiers: the description of each bias, and the parameters that are refused."""

from typing import Any

import pytest
from pydantic import ValidationError

from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sample,
    Threshold,
    TopK,
    bias,
)

SAMPLE = {"samples": 8, "temperature": 1.0}
THRESHOLD = {"entries": 4.0, "tau": 0.1, "temperature": 1.0}
FIXED = {"k": 4, "temperature": 1.0}


def test_the_bias_of_each_kind_is_described_with_its_own_numbers() -> None:
    assert bias(Full()) == "none: every class is stored"
    assert "beyond the 7 largest" in bias(TopK(k=7, temperatures=(1.0, 4.0)))
    for kind in (Sample(samples=3, temperature=2.5), FixedThreshold(k=2, temperature=2.5)):
        assert bias(kind) == "none in expectation, at temperature 2.5 alone"
    assert bias(Threshold(entries=4.0, tau=0.1, temperature=2.5)).endswith("temperature 2.5 alone")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Full, {"k": 3}),
        (TopK, {"k": 0, "temperatures": (1.0,)}),
        (TopK, {"k": 2.0, "temperatures": (1.0,)}),
        (TopK, {"k": 2, "temperatures": ()}),
        (TopK, {"k": 2, "temperatures": (1.0, 0.0)}),
        (TopK, {"k": 2, "temperatures": (float("nan"),)}),
        (Sample, SAMPLE | {"samples": 0}),
        (Sample, SAMPLE | {"samples": 65536}),
        (Sample, SAMPLE | {"temperature": -1.0}),
        (Sample, SAMPLE | {"temperature": float("inf")}),
        (Threshold, THRESHOLD | {"entries": 0.5}),
        (Threshold, THRESHOLD | {"tau": 0.0}),
        (Threshold, THRESHOLD | {"tau": 1.01}),
        (FixedThreshold, FIXED | {"k": 0}),
        (FixedThreshold, FIXED | {"kind": "threshold"}),
    ],
)
def test_a_parameter_outside_its_domain_is_refused(kind: Any, values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        kind(**values)


def test_a_tau_of_one_is_a_single_draw_and_is_allowed() -> None:
    assert Threshold(entries=1.0, tau=1.0, temperature=1.0).tau == 1


def test_kinds_that_differ_in_one_parameter_are_not_equal() -> None:
    assert Threshold(**THRESHOLD) == Threshold(**THRESHOLD)
    assert Threshold(**THRESHOLD) != Threshold(**THRESHOLD | {"tau": 0.2})
    assert Sample(**SAMPLE) != Sample(**SAMPLE | {"temperature": 2.0})
