"""The checks read what a sparsifier declares, so they know no sparsifier by its name."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.checks.sparsifier_checks import (
    check_ensemble,
    check_head,
    check_temperature,
    sparsifier_request,
)
from stillroom.config.compose import compose
from stillroom.errors import ConfigError
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold, ThresholdRequest
from stillroom.softlabels.sparsify.kinds.topk import TopK

TOPK = TopK(k=3, temperatures=(1.0, 4.0))
SAMPLE = Sample(samples=5, temperature=2.0)


@pytest.fixture
def labels(project: Path) -> dict[str, Any]:
    section: dict[str, Any] = compose(project)["softlabels"]
    return section


def refusal(labels: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as raised:
        sparsifier_request(labels)
    return str(raised.value)


def test_the_section_becomes_the_request_of_its_sparsifier(labels: dict[str, Any]) -> None:
    own = {"temperatures": [1, 4], "k": 3, "entries": 8.0, "temperature": 2.0, "tau": None}
    for name, request in (
        ("full", Full()),
        ("topk", TOPK),
        ("sample", Sample(samples=labels["samples"], temperature=2.0)),
        ("threshold", ThresholdRequest(8.0, 2.0)),
    ):
        assert sparsifier_request(labels | own | {"sparsifier": name}) == request
    tau = labels | own | {"sparsifier": "threshold", "tau": 0.25}
    assert sparsifier_request(tau) == Threshold(entries=None, tau=0.25, temperature=2.0)


def test_an_unknown_sparsifier_is_refused_with_the_nearest_one(labels: dict[str, Any]) -> None:
    assert refusal(labels | {"sparsifier": "treshold"}) == (
        "softlabels.sparsifier is treshold, which is not a sparsifier. Did you mean threshold? "
        "Allowed: full, topk, threshold, threshold_fixed, sample."
    )


def test_a_key_that_the_sparsifier_does_not_declare_is_refused(labels: dict[str, Any]) -> None:
    assert refusal(labels | {"temperatur": 2.0}) == (
        "softlabels.temperatur is not a parameter. Did you mean softlabels.temperature? "
        "See `kedro params`."
    )


def test_a_term_of_the_head_is_refused_where_entries_are_drawn() -> None:
    check_head("reverse_kl", Full())
    check_head("reverse_kl", TOPK)
    with pytest.raises(ConfigError, match=r"reverse_kl needs .* sample soft labels do not store"):
        check_head("reverse_kl", SAMPLE)


def test_a_loss_needs_a_temperature_at_which_the_labels_can_be_read() -> None:
    for request in (Full(), TOPK, Sample(samples=5, temperature=4.0)):
        check_temperature(4.0, "objective.temperature is", request)
    with pytest.raises(ConfigError) as raised:
        check_temperature(3.0, "objective.temperature is", TOPK)
    assert str(raised.value) == (
        "objective.temperature is 3.0, but topk soft labels are stored only for the temperatures "
        "1.0, 4.0. Add it to softlabels.temperatures, or set groups.softlabels=full."
    )
    with pytest.raises(ConfigError) as raised:
        check_temperature(3.0, "objective.temperature is", SAMPLE)
    assert str(raised.value) == (
        "objective.temperature is 3.0, but sample soft labels are unbiased only at "
        "softlabels.temperature=2.0. Set both to one value, or set groups.softlabels=full."
    )


@pytest.mark.parametrize(
    ("request_", "mean", "is_allowed"),
    [
        (Full(), "probability", True),
        (Full(), "logit", True),
        (SAMPLE, "probability", True),
        (SAMPLE, "logit", False),
        (TOPK, "probability", False),
        (TOPK, "logit", False),
    ],
)
def test_several_teachers_are_combined_only_where_the_mean_is_right(
    request_: Any, mean: str, is_allowed: bool
) -> None:
    read = {"combine": "read", "mean": mean}
    check_ensemble(1, read, request_)
    check_ensemble(3, {"combine": "capture", "mean": mean}, request_)
    if is_allowed:
        check_ensemble(3, read, request_)
        return
    with pytest.raises(ConfigError, match=f"The mean {mean} of 3 teachers cannot be computed"):
        check_ensemble(3, read, request_)
