"""Requests for a sparsifier: how they are called, what sets them, and where they can be read."""

from typing import Any

import pytest

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold, ThresholdRequest
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest

TOPK = TopK(k=16, temperatures=(1.0, 4.0))
CASES: list[tuple[SparsifierRequest, str, str, dict[str, Any]]] = [
    (Full(), "full", "full, every class", {}),
    (TOPK, "topk 16", "topk, the 16 largest of each distribution", {"softlabels.k": 16}),
    (
        ThresholdRequest(50.0, 2.0),
        "threshold 50",
        "threshold, 50 entries on average",
        {"softlabels.entries": 50.0},
    ),
    (
        FixedThreshold(k=8, temperature=2.0),
        "threshold_fixed 8",
        "threshold_fixed, 8 entries of each distribution",
        {"softlabels.k": 8},
    ),
    (
        Sample(samples=4096, temperature=2.0),
        "sample 4096",
        "sample, 4096 samples of each distribution",
        {"softlabels.samples": 4096},
    ),
]


@pytest.mark.parametrize(("request_", "label", "words", "params"), CASES, ids=lambda v: str(v)[:9])
def test_a_plan_names_a_request_and_what_sets_it(
    request_: SparsifierRequest, label: str, words: str, params: dict[str, Any]
) -> None:
    assert request_.label == label
    assert request_.description == words
    assert request_.params({"tau": None}) == params


def test_a_tau_that_is_set_is_named_because_it_would_win() -> None:
    params = ThresholdRequest(50.0, 2.0).params({"tau": 0.1})
    assert params == {"softlabels.entries": 50.0, "softlabels.tau": None}


def test_a_temperature_that_was_not_captured_is_refused_with_those_that_were() -> None:
    Full().require_readable(3.0)
    TOPK.require_readable(4.0)
    with pytest.raises(SoftLabelError) as raised:
        TOPK.require_readable(3.0)
    assert str(raised.value) == (
        "temperature 3 was not captured with these truncated soft labels. Use one of 1, 4, or add "
        "it to softlabels.temperatures and run `kedro run --pipeline=capture`."
    )


def test_an_estimate_is_refused_at_any_other_temperature() -> None:
    kind = Threshold(entries=None, tau=0.1, temperature=2.0)
    kind.require_readable(2.0)
    with pytest.raises(SoftLabelError) as raised:
        kind.require_readable(1.0)
    assert str(raised.value) == (
        "these soft labels are unbiased at temperature 2, but not at 1. Set "
        "objective.temperature=2, or softlabels.temperature=1 and run "
        "`kedro run --pipeline=capture`."
    )


def test_an_option_cannot_have_a_name_of_the_interface() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.size is a name of the interface"):
        type("Wrong", (SparsifierRequest,), {"__annotations__": {"size": int}})
