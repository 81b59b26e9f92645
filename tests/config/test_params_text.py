"""Params text: old forms keep their meaning; lists and quoted texts are read by Hydra's grammar."""

import click
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kedro.framework.cli.utils import _split_params
from omegaconf import OmegaConf

from stillroom.config.params_text import params_text, parse_params
from stillroom.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("data.columns.features=[a,b]", {"data": {"columns": {"features": ["a", "b"]}}}),
        ("groups.data=table,a=[x, y],b=2", {"groups": {"data": "table"}, "a": ["x", "y"], "b": 2}),
        ("a=[]", {"a": []}),
        ("a=[[1,2],[3]],b=x", {"a": [[1, 2], [3]], "b": "x"}),
        ("a=['x,y','it\\'s',\"]\"]", {"a": ["x,y", "it's", "]"]}),
        ("a={b:1,c:[2,3]}", {"a": {"b": 1, "c": [2, 3]}}),
        ("a={b: {c: null}},a.d=4", {"a": {"b": {"c": None}, "d": 4}}),
        ("a='x,y=z'", {"a": "x,y=z"}),
        ("a='3',b=3", {"a": "3", "b": 3}),
        ("a=\"pl.col('s').is_in([1,2])\",b=1e-3", {"a": "pl.col('s').is_in([1,2])", "b": 0.001}),
        ("a=[1,2.5,true,null,1e-3,x]", {"a": [1, 2.5, True, None, 0.001, "x"]}),
        ("a='null',b=null,c=", {"a": "null", "b": None, "c": None}),
        ("a='?'", {"a": "?"}),
        ("data.path=it's,b=1", {"data": {"path": "it's"}, "b": 1}),
        ("a=pl.col('size') < 40", {"a": "pl.col('size') < 40"}),
        ("a=x=y", {"a": "x=y"}),
        (" a = [ b , c ] , d=1, ", {"a": ["b", "c"], "d": 1}),
        ("a=1,a=[2]", {"a": [2]}),
        ("", {}),
    ],
)
def test_values_are_read_as_written(text: str, values: dict[str, object]) -> None:
    assert parse_params(text) == values


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "=3",
        "a=1,b",
        "a,b=1",
        "a=[1,2",
        "a='x",
        "a=[1] 2",
        "a=?",
        "a=*.csv",
        "a={b",
        "a=[1,}",
        "a=[choice(1,2)]",
        "a=" + "[" * 2000 + "]" * 2000,
        "a=%x",
        "a=!!python/name:os.system",
        "a=[${]",
        "a=[" * 2000,
    ],
)
def test_what_cannot_be_read_is_one_line(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_params(text)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 9000


KEYS = st.from_regex(r"[a-z]{1,3}(\.[a-z]{1,3}){0,2}", fullmatch=True)
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="[]{}'\","), max_size=12)


@given(st.lists(st.tuples(KEYS, PLAIN), max_size=4))
@example([("a", " 1e-3 "), ("b", "x=y"), ("a", "")])
@example([("a", "2020-01-01"), ("b", "0x1F"), ("c", "yes"), ("d", "1_000")])
@example([("a", "b"), ("a.c", "1")])
def test_without_brackets_and_quotes_nothing_changed(items: list[tuple[str, str]]) -> None:
    text = ",".join(f"{key}={value}" for key, value in items)
    option = click.Option(["--params"])
    try:
        old = _split_params(click.Context(click.Command("run")), option, text)
    except Exception:  # Kedro's parser fails in many ways
        with pytest.raises(ConfigError):
            parse_params(text)
    else:
        assert parse_params(text) == old


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="$\\"), max_size=8),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(VALUES)
@example("a,b")
@example("it's")
@example(["x", "3", 3, None, "null", "]"])
@example("")
@example(1e-07)
def test_a_written_value_is_read_back(value: object) -> None:
    assert parse_params(params_text({"a.b": value, "c": 1})) == {"a": {"b": value}, "c": 1}


def test_the_values_can_be_merged_as_kedros_were() -> None:
    assert OmegaConf.create(parse_params("a=[1,'x'],b={c:1}")) == {"a": [1, "x"], "b": {"c": 1}}
