"""A section's inputs are the arguments of its build."""

from typing import Any

import pytest

from stillroom.errors import ConfigError
from stillroom.reporting.section import Section


def build(cost: dict[str, Any], metrics: dict[str, Any], most: int = 3) -> object:
    return cost, metrics, most


def test_an_argument_with_a_default_is_no_input() -> None:
    section = Section("mine", ("metrics", "cost"), build, "mine.html.j2")
    assert (section.region, section.build) == ("main", build)


@pytest.mark.parametrize("inputs", [("cost",), ("cost", "metrics", "slices"), ()])
def test_inputs_that_build_does_not_take_are_refused(inputs: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="section mine of the report has the inputs"):
        Section("mine", inputs, build, "mine.html.j2")
