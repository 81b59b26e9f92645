"""Sparsifiers: what every kind declares, and the parameters that each refuses."""

from typing import Any

import pytest
from pydantic import ValidationError

from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

SAMPLE = {"samples": 8, "temperature": 1.0}
THRESHOLD = {"entries": 4.0, "tau": 0.1, "temperature": 1.0}
FIXED = {"k": 4, "temperature": 1.0}


def test_the_bias_of_each_kind_is_described_with_its_own_numbers() -> None:
    assert Full().bias == "none: every class is stored"
    assert "beyond the 7 largest" in TopK(k=7, temperatures=(1.0, 4.0)).bias
    for kind in (Sample(samples=3, temperature=2.5), FixedThreshold(k=2, temperature=2.5)):
        assert kind.bias == "none in expectation, at temperature 2.5 alone"
    assert Threshold(entries=4.0, tau=0.1, temperature=2.5).bias.endswith("temperature 2.5 alone")


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


@pytest.mark.parametrize(
    ("kind", "entries"),
    [
        (Full(), 10),
        (TopK(k=4, temperatures=(1.0,)), 4),
        (TopK(k=40, temperatures=(1.0,)), 10),
        (FixedThreshold(k=3, temperature=1.0), 3),
        (Sample(samples=7, temperature=1.0), 7),
        (Threshold(entries=2.5, tau=0.1, temperature=1.0), 2.5),
        (Threshold(entries=None, tau=0.25, temperature=1.0), 4),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_the_number_of_entries_is_bounded_by_the_classes(kind: Sparsifier, entries: float) -> None:
    assert kind.entries_at_most(10) == entries


@pytest.mark.parametrize(
    ("kind", "content", "own"),
    [
        (Full(), Content.WHOLE, 1.0),
        (TopK(k=4, temperatures=(2.0, 1.0)), Content.HEAD, 1.0),
        (TopK(k=4, temperatures=(4.0, 2.0)), Content.HEAD, 4.0),
        (Sample(samples=7, temperature=3.0), Content.ESTIMATE, 3.0),
        (Threshold(entries=2.5, tau=0.1, temperature=1.0), Content.ESTIMATE, 1.0),
        (FixedThreshold(k=3, temperature=2.0), Content.ESTIMATE, 2.0),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_each_kind_declares_its_content_and_has_a_temperature_of_its_own(
    kind: Sparsifier, content: Content, own: float
) -> None:
    assert (kind.content, kind.own_temperature) == (content, own)
    assert kind.stores_labels == (content is not Content.WHOLE)


def test_a_complete_sparsifier_meets_itself_alone() -> None:
    one, other = TopK(k=2, temperatures=(1.0,)), TopK(k=3, temperatures=(1.0,))
    assert one.complete is one.stand_in is one
    assert one.is_met_by(TopK(k=2, temperatures=(1.0,)))
    assert not one.is_met_by(other)
    assert one.expected(other) == one


def test_the_values_are_those_of_a_manifest_without_the_kind() -> None:
    assert Threshold(entries=None, tau=0.25, temperature=2.0).values() == {
        "entries": None,
        "tau": 0.25,
        "temperature": 2.0,
    }
    assert Full().values() == {}


def test_what_does_not_hold_the_logits_gives_none() -> None:
    kind: Any = TopK(k=2, temperatures=(1.0,))
    with pytest.raises(TypeError, match="topk does not hold the teacher's logits"):
        kind.logits(None, 4)
    with pytest.raises(TypeError, match="sample cannot be computed from topk"):
        Sample(samples=2, temperature=1.0).part_of(kind, None)
