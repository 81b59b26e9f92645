"""A kind's options come from its section, and an error names the section's key."""

from typing import Annotated, Any

import pytest
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from stillroom.config.kind_options import extras_of, options_of, require_declared
from stillroom.errors import ConfigError

SET_IT = "Set it in params.yaml or with --params."


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="allow", allow_inf_nan=False))
class Section:
    k: int
    temperatures: list[float]


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Options:
    temperatures: tuple[float, ...]
    alpha: Annotated[float, Field(gt=0)]
    beta: int | None = None
    kind: str = "example"


def section(**values: Any) -> Section:
    return Section(k=3, temperatures=[1.0, 2.0], **values)


def test_options_come_from_the_sections_own_keys_and_from_further_ones() -> None:
    options = options_of(section(alpha=0.5), Options, "softlabels")
    assert options == Options(temperatures=(1.0, 2.0), alpha=0.5)


def test_plain_values_give_the_same_options_as_the_section_s_type() -> None:
    plain = {"k": 3, "temperatures": [1.0, 2.0], "alpha": 0.5, "beta": 2}
    assert options_of(plain, Options, "softlabels") == options_of(
        section(alpha=0.5, beta=2), Options, "softlabels"
    )


def test_the_kinds_own_name_is_no_option() -> None:
    assert options_of(section(alpha=0.5, kind="other"), Options, "softlabels").kind == "example"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, f"softlabels.alpha is missing. {SET_IT}"),
        ({"alpha": 0.0}, f"softlabels.alpha is 0.0; it must be greater than 0. {SET_IT}"),
        ({"alpha": "x"}, f"softlabels.alpha is 'x'; it must be a number, not a text. {SET_IT}"),
        (
            {"alpha": 1.0, "beta": 0.5},
            f"softlabels.beta is 0.5; it must be a whole number, or null. {SET_IT}",
        ),
    ],
)
def test_a_wrong_option_is_an_error_in_the_words_of_the_sections(
    values: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        options_of(section(**values), Options, "softlabels")
    assert str(raised.value) == words


def test_extras_are_the_keys_beyond_the_sections_type() -> None:
    assert extras_of(section(alpha=0.5)) == {"alpha": 0.5}
    assert extras_of(section()) == {}


def test_a_key_that_the_kind_does_not_declare_is_refused_with_the_nearest_name() -> None:
    require_declared(["k", "temperatures", "alpha"], Section, Options, "softlabels")
    with pytest.raises(ConfigError) as raised:
        require_declared(["k", "alpa"], Section, Options, "softlabels")
    assert str(raised.value) == (
        "softlabels.alpa is not a parameter. Did you mean softlabels.alpha? See `kedro params`."
    )
