"""The section data.image allows only values in range."""

import pytest
from pydantic import ValidationError
from support.examples.image_bytes import options

from stillroom.config.compose import compose
from stillroom.config.schema.image_schema import Images


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("size", [1, 16384], [0, 5]),
        ("size", None, [5]),
        ("size", [5, 6], [5, 6, 7]),
        ("fit", "pad", "stretch"),
        ("background", [0, 255, 3], [0, 256, 3]),
        ("background", [0, 0, 0], [0, 0]),
        ("background", [1, 2, 3], "white"),
        ("range", [-1.5, 2.0], [2.0, -1.5]),
        ("range", None, [1.0, 1.0]),
        ("range", [0.0, 1.0], [0.0, float("nan")]),
        ("budget", 1, 0),
        ("unreadable", "skip", "ignore"),
    ],
)
def test_values_are_in_range(name, allowed, refused):
    assert getattr(options(**{name: allowed}), name) == allowed
    with pytest.raises(ValidationError, match=name):
        options(**{name: refused})


def test_the_defaults_are_those_of_the_tests(project):
    assert Images(**compose(project)["data"]["image"]) == options()
