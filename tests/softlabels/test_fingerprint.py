"""Fingerprints: each ingredient alone makes another one, and a difference is printed."""

from dataclasses import fields, replace

import pytest

from stillroom.errors import SoftLabelError
from stillroom.softlabels.fingerprint import Capture, require_same, set_fingerprint

CAPTURE = Capture(
    weights="1f0c",
    architecture="aa",
    preprocessing="bb",
    dtype="float32",
    sparsifier="topk",
    k="all",
    temperatures=(1.0, 4.0),
    batch_size=256,
    libraries=("torch 2.13.0",),
    device="cpu",
)
OTHERS = {
    "weights": "88ab",
    "architecture": "ab",
    "preprocessing": "bc",
    "dtype": "float16",
    "sparsifier": "sample",
    "k": "9",
    "temperatures": (1.0,),
    "batch_size": 128,
    "libraries": ("torch 2.14.0",),
    "device": "cuda",
}


@pytest.mark.parametrize("name", [field.name for field in fields(Capture)])
def test_each_ingredient_alone_changes_the_fingerprint(name: str) -> None:
    changed = replace(CAPTURE, **{name: OTHERS[name]})
    assert changed.fingerprint != CAPTURE.fingerprint
    with pytest.raises(SoftLabelError, match=name):
        require_same((changed,), (CAPTURE,))


def test_equal_captures_have_one_fingerprint_and_pass() -> None:
    assert replace(CAPTURE).fingerprint == CAPTURE.fingerprint
    require_same((CAPTURE,), (replace(CAPTURE),))


def test_a_mismatch_prints_both_sides_and_counts_the_rest() -> None:
    with pytest.raises(SoftLabelError) as raised:
        require_same((CAPTURE,), (replace(CAPTURE, weights="88ab"),))
    assert "weights  1f0c  (expected 88ab)" in str(raised.value)
    assert "9 of 10 ingredients are equal" in str(raised.value)


def test_another_number_of_members_is_named() -> None:
    with pytest.raises(SoftLabelError, match="made by 1 teachers, and 2 are expected"):
        require_same((CAPTURE,), (CAPTURE, CAPTURE))


def test_order_combination_and_codec_are_in_the_sets_fingerprint() -> None:
    other = replace(CAPTURE, weights="88ab")
    prints = {
        set_fingerprint((CAPTURE, other), "mean_probability", "a"),
        set_fingerprint((other, CAPTURE), "mean_probability", "a"),
        set_fingerprint((CAPTURE, other), "mean_logit", "a"),
        set_fingerprint((CAPTURE, other), "mean_probability", "b"),
        set_fingerprint((CAPTURE,), "mean_probability", "a"),
    }
    assert len(prints) == 5
