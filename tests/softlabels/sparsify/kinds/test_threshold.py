"""Threshold: its options are a tau, or a number of entries that a pilot turns into one."""

from dataclasses import fields

import pytest
from pydantic import ValidationError

from stillroom.softlabels.columns.stochastic_rounding import SMALLEST
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.threshold import (
    SMALLEST_TAU,
    Threshold,
    ThresholdOptions,
    ThresholdRequest,
)

WANTED = ThresholdRequest(3.0, 2.0)


def test_without_a_tau_the_options_are_a_request_and_with_one_they_are_complete() -> None:
    options = ThresholdOptions(entries=3.0, tau=None, temperature=2.0)
    assert options.request() == WANTED
    complete = ThresholdOptions(entries=3.0, tau=0.1, temperature=2.0).request()
    assert complete == Threshold(entries=None, tau=0.1, temperature=2.0)
    assert complete.complete is complete
    assert WANTED.complete is None


def test_an_option_outside_its_domain_is_refused() -> None:
    for wrong in ({"entries": 0.5}, {"tau": 0.0}, {"tau": 1.5}, {"temperature": 0.0}):
        with pytest.raises(ValidationError):
            ThresholdOptions(**{"entries": 3.0, "tau": 0.1, "temperature": 2.0} | wrong)


def test_the_smallest_tau_is_the_smallest_head_that_the_codec_can_store() -> None:
    assert SMALLEST_TAU == SMALLEST


def test_a_request_is_met_at_any_tau_and_by_no_other_numbers() -> None:
    assert WANTED.is_met_by(WANTED.at(0.3))
    others = [
        Threshold(entries=4.0, tau=0.3, temperature=2.0),
        Threshold(entries=3.0, tau=0.3, temperature=1.0),
        Threshold(entries=None, tau=0.3, temperature=2.0),
        Full(),
    ]
    assert not any(WANTED.is_met_by(other) for other in others)


def test_a_request_has_the_fields_that_a_plan_writes() -> None:
    assert [field.name for field in fields(WANTED)] == ["entries", "temperature"]
    assert WANTED.kind == WANTED.stand_in.kind == "threshold"
