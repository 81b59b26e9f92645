"""Rounding changes only floats, at any depth, and never gives minus zero."""

from stillroom.io.json.round_numbers import rounded


def test_floats_are_rounded_at_any_depth() -> None:
    assert rounded({"a": [1 / 3, {"b": (2 / 3,)}]}) == {"a": [0.333333, {"b": [0.666667]}]}


def test_other_values_stay_unchanged() -> None:
    document = {"n": 12345678, "words": "0.12345678", "none": None, "yes": True}
    assert rounded(document) == document
    assert rounded(True) is True


def test_minus_zero_becomes_zero() -> None:
    assert str(rounded(-1e-9)) == "0.0"
