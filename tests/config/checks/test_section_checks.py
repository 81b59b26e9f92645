"""The names of the report's sections are checked before anything runs."""

from pathlib import Path

import pytest

from stillroom.config.checks.section_checks import check_sections
from stillroom.config.compose import compose
from stillroom.errors import ConfigError


def test_sections_in_any_order_are_allowed(project: Path) -> None:
    names = ["parameters", "verdict"]
    assert compose(project, {"report": {"sections": names}})["report"] == {"sections": names}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["verdict", "familie"], "report.sections is familie, .* Did you mean family?"),
        (["verdict", "cost", "verdict"], "report.sections lists verdict twice"),
    ],
)
def test_unknown_and_repeated_names_are_refused(names: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_sections({"sections": names})


@pytest.mark.parametrize("value", [[], "verdict", [1], None])
def test_what_is_no_list_of_names_is_refused(project: Path, value: object) -> None:
    with pytest.raises(ConfigError, match=r"report\.sections"):
        compose(project, {"report": {"sections": value}})
