from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.io.json.flatten import first_difference, leaves

KEYS = st.text("abc", min_size=1, max_size=2)
DOCUMENTS = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=8,
)


def test_values_have_their_keys_joined_by_dots_and_an_empty_mapping_is_a_value() -> None:
    document = {"b": {"c": 1, "d": {"e": [2, {"f": 3}]}}, "a": None, "g": {}}
    assert list(leaves(document)) == [
        ("b.c", 1),
        ("b.d.e", [2, {"f": 3}]),
        ("a", None),
        ("g", {}),
    ]
    assert list(leaves(5)) == [("", 5)]


@given(DOCUMENTS)
def test_a_document_does_not_differ_from_itself(document: Any) -> None:
    assert first_difference(document, document) is None


@pytest.mark.parametrize(
    ("now", "difference"),
    [
        ({"b": 1, "a": {"x": (1, 2)}}, None),
        ({"b": 2, "a": {"x": [1, 3]}}, ("a.x", [1, 2], [1, 3])),
        ({"a": {"x": [1, 2]}}, ("b", 1, None)),
        ({"a": {"x": [1, 2], "y": 0}, "b": 1}, ("a.y", None, 0)),
    ],
)
def test_the_first_difference_is_a_key_with_both_values(now: Any, difference: Any) -> None:
    assert first_difference({"a": {"x": [1, 2]}, "b": 1}, now) == difference
