"""Checks of the terms: names, options, and what cached labels must hold."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.checks.objective_checks import check_terms, features_of
from stillroom.config.compose import compose
from stillroom.errors import ConfigError


@pytest.fixture
def objective(project: Path) -> dict[str, Any]:
    return dict(compose(project)["objective"])


def with_terms(objective: dict[str, Any], **terms: float) -> dict[str, Any]:
    return objective | {"terms": objective["terms"] | terms}


def test_the_terms_with_a_weight_are_returned(objective: dict[str, Any]) -> None:
    used = check_terms(with_terms(objective, rkd_angle=0.5))
    assert list(used) == ["forward_kl", "rkd_angle"]
    assert list(features_of(used)) == ["rkd_angle"]


def test_an_option_of_a_term_without_a_weight_is_checked_too(objective: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"objective\.skew is 2\.0; it must be less than 1"):
        check_terms(objective | {"skew": 2.0})
    with pytest.raises(ConfigError, match=r"objective\.dkd_others is -1\.0; it must be at least 0"):
        check_terms(objective | {"dkd_others": -1.0})


def test_a_key_of_no_term_is_not_a_parameter(objective: dict[str, Any]) -> None:
    words = r"objective\.skwe is not a parameter\. Did you mean objective\.skew\?"
    with pytest.raises(ConfigError, match=words):
        check_terms(objective | {"skwe": 0.5})


def test_an_unknown_term_names_the_nearest_and_all(objective: dict[str, Any]) -> None:
    words = r"terms\.forwardkl is not a term\. Did you mean objective\.terms\.forward_kl\? Allowed:"
    with pytest.raises(ConfigError, match=words):
        check_terms(with_terms(objective, forwardkl=0.0))


def test_a_weight_below_zero_is_refused_by_its_key(project: Path) -> None:
    with pytest.raises(ConfigError, match=r"objective\.terms\.dkd is -1\.0; it must be at least 0"):
        compose(project, {"objective": {"terms": {"dkd": -1.0}}})
