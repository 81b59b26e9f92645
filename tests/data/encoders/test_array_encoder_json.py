"""Array encoders as JSON: valid and hostile documents."""

import math

import pytest

from stillroom.data.encoders.array_encoder_json import checked_fields
from stillroom.errors import DataError

GOOD = {
    "kind": "image",
    "classes": ["a", "b"],
    "shape": [1, 2, 3],
    "raw_shape": [2, 3, 1],
    "mean": [0.5],
    "scale": [0.5],
}


def test_a_good_document_is_taken_with_lists_as_tuples() -> None:
    assert checked_fields(GOOD) == {
        "kind": "image",
        "classes": ("a", "b"),
        "shape": (1, 2, 3),
        "raw_shape": (2, 3, 1),
        "mean": (0.5,),
        "scale": (0.5,),
    }


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {**GOOD, "more": 1},
        {name: value for name, value in GOOD.items() if name != "mean"},
        {**GOOD, "kind": "sound"},
        {**GOOD, "words": "mixed"},
        {**GOOD, "words": "spaced"},
        {**GOOD, "words": ["mixed"]},
        {**GOOD, "kind": ["image"]},
        {**GOOD, "classes": "ab"},
        {**GOOD, "classes": ["a"]},
        {**GOOD, "classes": ["a", "a"]},
        {**GOOD, "classes": ["a", 1]},
        {**GOOD, "shape": [1, 2]},
        {**GOOD, "shape": [1, 2, -3]},
        {**GOOD, "shape": [True, 2, 3]},
        {**GOOD, "shape": [1, 10**9, 10**9], "raw_shape": [10**9, 10**9, 1]},
        {**GOOD, "raw_shape": [3, 2, 1]},
        {**GOOD, "mean": []},
        {**GOOD, "mean": [math.nan]},
        {**GOOD, "mean": ["0.5"]},
        {**GOOD, "mean": [10**400]},
        {**GOOD, "scale": [0.0]},
        {**GOOD, "scale": [-1.0]},
        {**GOOD, "scale": [math.inf]},
    ],
)
def test_a_hostile_document_is_refused_in_one_line(document: object) -> None:
    with pytest.raises(DataError, match=r"The encoder cannot be used: .* Run the ingest") as error:
        checked_fields(document)
    assert "\n" not in str(error.value)
