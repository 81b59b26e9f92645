"""The check of a composed dict: sections that are missing or unknown."""

from pathlib import Path

import pytest

from stillroom.config.check import check
from stillroom.config.compose import compose
from stillroom.config.schema import SECTIONS
from stillroom.errors import ConfigError


def test_a_composed_dict_comes_back_unchanged(project: Path) -> None:
    composed = compose(project)
    assert check(composed) == composed
    assert list(SECTIONS) == sorted(composed, key=list(SECTIONS).index)


def test_a_missing_section_is_named(project: Path) -> None:
    composed = compose(project)
    del composed["student"]
    with pytest.raises(ConfigError, match="student is missing"):
        check(composed)


def test_an_unknown_section_names_the_nearest(project: Path) -> None:
    with pytest.raises(ConfigError, match="Did you mean student"):
        check(compose(project) | {"studnet": {}})
