"""Fingerprints: each ingredient changes them, and an error lists the differences."""

import json
from dataclasses import asdict, fields, replace
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from support.softlabels.linear_teachers import Captured

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.fingerprint import (
    Capture,
    difference,
    require_same,
    set_fingerprint,
)
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

CAPTURE = Capture(
    weights="1f0c",
    architecture="aa",
    preprocessing="bb",
    augmentation="none",
    dtype="float32",
    sparsifier=Threshold(entries=44.0, tau=0.01, temperature=1.0),
    seed=0,
    batch_size=256,
    libraries=("torch 2.13.0",),
    device="cpu",
)
OTHERS: dict[str, Any] = {
    "weights": "88ab",
    "architecture": "ab",
    "preprocessing": "bc",
    "augmentation": "crops:7",
    "dtype": "float16",
    "sparsifier": Full(),
    "seed": 1,
    "batch_size": 128,
    "libraries": ("torch 2.14.0",),
    "device": "cuda",
    "ensemble": Combination.of("logit", [1.0]),
    "features": "pooled",
    "method": "sparsify-0",
}
SPARSIFIERS: list[tuple[Sparsifier, dict[str, Any]]] = [
    (TopK(k=8, temperatures=(1.0, 4.0)), {"k": 9, "temperatures": (1.0, 2.0)}),
    (Sample(samples=50, temperature=1.0), {"samples": 51, "temperature": 2.0}),
    (
        Threshold(entries=44.0, tau=0.01, temperature=1.0),
        {"entries": 45.0, "tau": 0.011, "temperature": 2.0},
    ),
    (FixedThreshold(k=8, temperature=1.0), {"k": 9, "temperature": 2.0}),
]
COMBINED = asdict(Combination.of("probability", [1.0]))


def changed(name: str) -> Capture:
    return replace(CAPTURE, **{name: OTHERS[name]})


@pytest.mark.parametrize("name", [field.name for field in fields(Capture)])
def test_each_ingredient_alone_changes_the_captures_and_the_sets_fingerprint(name: str) -> None:
    other = changed(name)
    assert other.fingerprint != CAPTURE.fingerprint
    prints = {set_fingerprint((of,), COMBINED, "codec") for of in (CAPTURE, other)}
    assert len(prints) == 2
    with pytest.raises(SoftLabelError, match=rf"member 0: {name}"):
        require_same((other,), (CAPTURE,))


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [(kind, name, value) for kind, others in SPARSIFIERS for name, value in others.items()],
)
def test_each_parameter_of_a_sparsifier_alone_changes_the_fingerprint_and_is_named(
    kind: Sparsifier, name: str, value: object
) -> None:
    one = replace(CAPTURE, sparsifier=kind)
    other = replace(CAPTURE, sparsifier=replace(kind, **{name: value}))
    assert one.fingerprint != other.fingerprint
    with pytest.raises(SoftLabelError) as raised:
        require_same((one,), (other,))
    assert f"sparsifier.{name}  {getattr(kind, name)}  (expected {value})" in str(raised.value)


def test_every_parameter_of_every_sparsifier_is_among_those() -> None:
    for kind, others in SPARSIFIERS:
        assert {field.name for field in fields(kind)} == {*others, "kind"}


def test_kinds_with_equal_parameters_have_other_fingerprints() -> None:
    kinds = [Full(), *(kind for kind, _ in SPARSIFIERS)]
    assert len({replace(CAPTURE, sparsifier=kind).fingerprint for kind in kinds}) == 5


def test_nothing_of_the_loss_is_an_ingredient() -> None:
    assert set(CAPTURE.ingredients()) == {
        *("weights", "architecture", "preprocessing", "augmentation", "dtype", "seed"),
        *("batch_size", "libraries", "device", "ensemble", "features", "method"),
        *("sparsifier.kind", "sparsifier.entries", "sparsifier.tau", "sparsifier.temperature"),
    }
    assert set(COMBINED) == {"mean", "shares"}


def test_reading_at_another_temperature_leaves_the_set_and_its_fingerprint_as_they_are(
    captured: Captured,
) -> None:
    before = (captured.folder / "manifest.json").read_bytes()
    for temperature in (1.0, 20.0):
        captured.labels.distributions(captured.capture_inputs.names, temperature)
    assert (captured.folder / "manifest.json").read_bytes() == before


def test_equal_captures_have_one_fingerprint_and_pass() -> None:
    assert replace(CAPTURE).fingerprint == CAPTURE.fingerprint
    require_same((CAPTURE,), (replace(CAPTURE),))


@pytest.mark.parametrize("kind", [Full(), *(kind for kind, _ in SPARSIFIERS)])
def test_a_capture_that_went_through_json_is_the_same_to_the_last_digit(kind: Sparsifier) -> None:
    capture = replace(CAPTURE, sparsifier=kind)
    back = TypeAdapter(Capture).validate_json(json.dumps(asdict(capture)))
    assert back == capture
    assert back.fingerprint == capture.fingerprint


def test_how_teachers_were_combined_at_capture_survives_json_and_counts_share_by_share() -> None:
    ways = [Combination.of(mean, w) for mean in ("probability", "logit") for w in ([1, 1], [1, 2])]
    captures = [replace(CAPTURE, ensemble=way) for way in ways]
    assert len({capture.fingerprint for capture in captures}) == 4
    for capture in captures:
        back = TypeAdapter(Capture).validate_json(json.dumps(asdict(capture)))
        assert back.fingerprint == capture.fingerprint


def test_a_temperature_without_a_decimal_point_is_the_same_temperature() -> None:
    whole, real = (replace(CAPTURE, sparsifier=TopK(k=1, temperatures=(t,))) for t in (4, 4.0))
    assert whole.fingerprint == real.fingerprint


@pytest.mark.parametrize(
    "wrong", [{"seed": "1"}, {"batch_size": 1.5}, {"libraries": "torch"}, {"temperature": 2.0}]
)
def test_an_ingredient_of_another_type_or_name_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Capture(**{**{f.name: getattr(CAPTURE, f.name) for f in fields(Capture)}, **wrong})


def test_a_mismatch_prints_both_sides_of_what_differs_and_counts_the_rest() -> None:
    other = replace(CAPTURE, weights="88ab", libraries=("torch 2.14.0",))
    with pytest.raises(SoftLabelError) as raised:
        require_same((CAPTURE,), (other,))
    lines = str(raised.value).splitlines()
    assert lines[1:4] == [
        "    member 0: weights  1f0c  (expected 88ab)",
        "    member 0: libraries  ('torch 2.13.0',)  (expected ('torch 2.14.0',))",
        "    member 0: 14 of 16 ingredients are equal",
    ]
    assert "kedro run --pipeline=capture" in lines[-1]


def test_another_kind_prints_the_parameters_that_one_side_lacks() -> None:
    lines = difference(CAPTURE.ingredients(), changed("sparsifier").ingredients())
    assert "sparsifier.kind  threshold  (expected full)" in lines
    assert "sparsifier.tau  0.01  (expected absent)" in lines
    assert "sparsifier.tau  absent  (expected 0.01)" in difference(
        changed("sparsifier").ingredients(), CAPTURE.ingredients()
    )


def test_the_member_that_differs_is_named() -> None:
    with pytest.raises(SoftLabelError, match="member 1: device  cuda  \\(expected cpu\\)"):
        require_same((CAPTURE, changed("device")), (CAPTURE, CAPTURE))


def test_another_number_of_members_is_named() -> None:
    with pytest.raises(SoftLabelError, match="made by 1 teachers, but 2 are expected"):
        require_same((CAPTURE,), (CAPTURE, CAPTURE))


def test_order_combination_and_codec_are_in_the_sets_fingerprint() -> None:
    other = changed("weights")
    of = Combination.of
    prints = {
        set_fingerprint((CAPTURE, other), asdict(of("probability", [1, 1])), "a"),
        set_fingerprint((other, CAPTURE), asdict(of("probability", [1, 1])), "a"),
        set_fingerprint((CAPTURE, other), asdict(of("logit", [1, 1])), "a"),
        set_fingerprint((CAPTURE, other), asdict(of("probability", [1, 2])), "a"),
        set_fingerprint((CAPTURE, other), asdict(of("probability", [1, 1])), "b"),
        set_fingerprint((CAPTURE,), COMBINED, "a"),
    }
    assert len(prints) == 6
    again = set_fingerprint((CAPTURE, other), asdict(of("probability", [2, 2])), "a")
    assert again in prints
