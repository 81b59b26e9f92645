"""Expression: an allowed text means the same as in polars, and no other text is ever run."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillroom.errors import ConfigError
from stillroom.evaluation.slices.expression import LONGEST, parsed

FRAME = pl.DataFrame(
    {
        "n_tokens": [3, 8, 12, None],
        "label": [3, 1, 3, 0],
        "text": ["my card is gone", "hello", "a card", "CARD 7"],
        "size": [5.0, 1.0, float("nan"), 9.0],
        "features": [[1.0, 2.0], [], [3.0], [0.5, 0.5]],
        "good": [True, False, True, None],
    }
)

# A text, and the rows for which it is true, worked out by hand.
MEANT = {
    "pl.col('n_tokens') < 8": [0],
    "8 > pl.col('n_tokens')": [0],
    "pl.col('n_tokens') <= 8": [0, 1],
    "pl.col('n_tokens') >= 8": [1, 2],
    "pl.col('n_tokens') != 8": [0, 2],
    "pl.col('n_tokens') == -(-8)": [1],
    "pl.col('n_tokens') % 2 == 0": [1, 2],
    "pl.col('n_tokens') // 5 == 2": [2],
    "pl.col('n_tokens') / 2 == 1.5": [0],
    "-pl.col('n_tokens') + 1 * pl.col('label') - 1 < -5": [1, 2],  # -1, -8, -10, null
    "pl.col('good')": [0, 2],
    "~pl.col('good')": [1],
    "pl.col('good') ^ (pl.col('label') == 3)": [],
    "pl.col('good') | (pl.col('label') == 1)": [0, 1, 2],
    "(pl.col('label') == 3) & pl.col('text').str.contains('card')"
    " & ~pl.col('size').is_between(3, 9)": [2],
    "pl.col('size').is_between(1, 5, closed='right')": [0],
    "pl.col('size').is_nan()": [2],
    "pl.col('n_tokens').is_null()": [3],
    "pl.col('n_tokens').fill_null(0) < 4": [0, 3],
    "pl.col('label').is_in([0, 1])": [1, 3],
    "pl.col('label').is_in((0, 1))": [1, 3],
    "pl.col('text').is_in(['hello', 'n_tokens'])": [1],
    "pl.col('text') == 'hello'": [1],
    r"pl.col('text').str.contains('\d')": [3],
    r"pl.col('text').str.contains(r'^my\b')": [0],
    "pl.col('text').str.contains('.', literal=True)": [],
    "pl.col('text').str.to_lowercase().str.starts_with('card')": [3],
    "pl.col('text').str.len_chars() < 6": [1],
    "pl.col('features').list.len() == 2": [0, 3],
    "pl.col('features').list.sum() >= 3": [0, 2],
    "pl.col('n_tokens') > pl.col('n_tokens').median()": [2],
    " ( pl.col('label')\n == 1 ) ": [1],
}  # fmt: skip

REFUSED = {
    "": "is not an expression",
    "pl.col('a') <": "is not an expression",
    "pl.col('a'); 1": "is not an expression",
    "import os": "is not an expression",
    "pl.col('\0') == 1": "is not an expression",
    "(" * 300: "is not an expression",
    "-" * 990 + "1": "nested|not an expression",
    "1 < 2": "Two literals cannot be combined",
    "True": "reads no column",
    "'pl.col'": "reads no column",
    "[1, 2]": "reads no column",
    "__import__('os').system('true')": "calls system",
    "open('/etc/passwd')": "Allowed are pl.col",
    "eval('1')": "Allowed are pl.col",
    "lambda: 1": "Allowed are pl.col",
    "[x for x in (1, 2)]": "Allowed are pl.col",
    "f'{1}'": "Allowed are pl.col",
    "(x := 1)": "Allowed are pl.col",
    "pl": "Allowed are pl.col",
    "pl.col": "Allowed are pl.col",
    "pl.col('a')[0]": "Allowed are pl.col",
    "pl.col('a') if True else 1": "Allowed are pl.col",
    "pl.col('a').__class__": "Allowed are pl.col",
    "pl.col('a').__class__()": "calls __class__",
    "pl.col('a').__getattribute__('apply')": "calls __getattribute__",
    "pl.col('a').map_elements(print)": "calls map_elements",
    "pl.col('a').str.__init__()": "calls str.__init__",
    "pl.col('a').meta.serialize()": "calls serialize",
    "pl.col('a').str": "Allowed are pl.col",
    "pl.col('a').str.str.contains('a')": "Allowed are pl.col",
    "pl.col('a').str.pad_start(1000000000)": "calls str.pad_start",
    "pl.col('a').repeat_by(1000000000)": "calls repeat_by",
    "pl.read_csv('/etc/passwd')": "only function of pl is pl.col.'name'.",
    "pl.Expr.deserialize('x')": "calls deserialize",
    "pl.col(pl.col('a'))": "only function of pl is pl.col.'name'.",
    "pl.col('a', 'b')": "only function of pl is pl.col.'name'.",
    "pl.col(name='a')": "only function of pl is pl.col.'name'.",
    "pl.col(*['a'])": "only function of pl is pl.col.'name'.",
    "pl.col('*') == 1": "Name one column",
    "pl.col('^.*$') == 1": "Name one column",
    r"pl.col('\ud800') == 1": "Literals are",
    "2**9**9": "Operators are",
    "pl.col('a') ** 2 == 1": "Operators are",
    "pl.col('a') @ pl.col('b')": "Operators are",
    "1 << 10**9": "Operators are",
    "'a' * 10**9": "Operators are",
    "'a' * 1000000000": "Two literals cannot be combined",
    "pl.col('a') == 'a' * 1000000000": "Two literals cannot be combined",
    "[0] * 1000000000": "Two literals cannot be combined",
    "pl.col('a') == [1]": "A list is allowed only in is_in",
    "pl.col('a') in [1]": "instead of `in` use is_in",
    "pl.col('a') is None": "instead of `in` use is_in",
    "pl.col('a') == None": "use is_null",
    "pl.col('a') == 1j": "Literals are",
    "pl.col('a') == b'a'": "Literals are",
    "pl.col('a') == ...": "Literals are",
    "pl.col('a') == 1e999": "Literals are",
    "pl.col('a') == 9223372036854775808": "Literals are",
    "pl.col('a') == " + "9" * 900: "Literals are",
    "1 < pl.col('a') < 3": "two values at a time",
    "pl.col('a') and pl.col('b')": "Write & and |",
    "not pl.col('a')": "Write ~ before",
    "~True": "Write ~ before",
    "-True": "Write ~ before",
    "+pl.col('a')": "Write ~ before",
    "-'a'": "Write ~ before",
    "'a'.upper()": "calls upper",
    "'a'.is_in(['a'])": "Call methods on a column",
    "pl.col('a').is_in([pl.col('b')])": "A list may hold",
    "pl.col('a').is_in([[1]])": "A list may hold",
    "pl.col('a').is_in(pl.col('b'))": "Arguments of methods are literals",
    "pl.col('a').is_in(*[[1]])": "Allowed are pl.col",
    "pl.col('a').is_in(**{'other': [1]})": "Allowed are pl.col",
    "pl.col('a').is_in()": "The method is is_in",
    "pl.col('a').is_between('b', 'c')": "The method is is_between",
    "(" + " & ".join(["pl.col('a')"] * 60) + ")": "nested more than",
    "pl.col('a') == 1" + " " * 5 + "#" * LONGEST: "characters long",
}  # fmt: skip


@contextmanager
def watched() -> Iterator[list[str]]:
    """Note each event of the interpreter in which code is run, read or imported."""
    _EVENTS.clear()
    _WATCHING.append(True)
    try:
        yield _EVENTS
    finally:
        _WATCHING.clear()


_EVENTS: list[str] = []
_WATCHING: list[bool] = []
_DANGEROUS = ("exec", "import", "open", "os.", "subprocess.", "socket.", "ctypes.", "shutil.")


def _note(event: str, _: object) -> None:
    if _WATCHING and event.startswith(_DANGEROUS):
        _EVENTS.append(event)


sys.addaudithook(_note)  # a hook cannot be removed, so it notes events only while it watches


@pytest.mark.parametrize("text", MEANT)
def test_what_is_allowed_means_what_polars_means_by_it(text: str) -> None:
    mask = parsed(text, "name").mask(FRAME)
    assert np.flatnonzero(mask).tolist() == MEANT[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_allowed_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ConfigError, match=REFUSED[text]) as caught, watched() as events:
        parsed(text, "evaluate.slices.short")
    assert events == []
    assert str(caught.value).startswith("evaluate.slices.short ")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


def test_the_watch_sees_what_runs() -> None:
    with watched() as events:
        Path(os.devnull).open().close()
        os.system("true")
    assert {"open", "os.system"} <= set(events)


def test_the_nearest_method_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        parsed("pl.col('text').str.contain('a')", "short")
    assert str(caught.value).startswith(
        "short calls str.contain(), which is not allowed. Did you mean str.contains? Allowed are "
    )
    with pytest.raises(ConfigError, match=r"Did you mean str\.contains\?"):
        parsed("pl.col('text').contains('a')", "short")


def test_what_is_wrong_is_quoted() -> None:
    with pytest.raises(ConfigError) as caught:
        parsed("(pl.col('a') < 3) and (pl.col('b') > 2)", "evaluate.slices.short")
    assert str(caught.value) == (
        "evaluate.slices.short holds (pl.col('a') < 3) and (pl.col('b') > 2), which is not "
        "allowed. Write & and | between conditions in brackets."
    )


def test_the_columns_that_it_reads_are_known() -> None:
    condition = parsed("(pl.col('b') < 1) & (pl.col('a') > pl.col('b').mean())", "short")
    assert condition.columns == ("a", "b")


PIECES = (
    *("pl", ".", "col", "('n_tokens')", "('text')", "('good')", "(", ")", "[", "]", ",", " ", "\n"),
    *("**", "*", "+", "-", "~", "&", "|", "<", "==", "=", ":=", "not ", " and ", " in ", " if "),
    *("lambda: ", "__class__", "__import__", "eval", "exec", "open", "os.system", "print", "_"),
    *("is_in", "str", "list", "contains", "map_elements", "mean", "abs()", "len()", "is_null()"),
    *("'", '"', "'a'", "f'{1}'", "b'a'", "\\", "#", ";", "@", "...", "None", "True", "1j"),
    *("0", "8", "9" * 30, "1e999", "2**9**9", "\x00", "\ud800", "é", "\f", "\r", "*[1]", "**{}"),
    *("pl.col('n_tokens')", "pl.col('text').str.", "pl.col('good')", "await ", "yield "),
)


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@example("pl.col('n_tokens').__class__.__mro__[-1].__subclasses__()")
@example("[].__class__.__base__.__subclasses__()")
def test_a_hostile_line_states_a_condition_or_is_refused_and_runs_nothing(text: str) -> None:
    with watched() as events:
        try:
            condition = parsed(text, text)
        except ConfigError as error:
            assert str(error).isprintable()
            condition = None
    assert events == []
    if condition is None:
        return
    try:
        assert condition.mask(FRAME).shape == (4,)
    except ConfigError as error:
        assert str(error).isprintable()


COLUMNS = {name: pl.col(name) for name in ("n_tokens", "label", "size")}
COMPARED = {"<": "lt", "<=": "le", "==": "eq", "!=": "ne", ">": "gt", ">=": "ge"}
JOINED = {"&": "and_", "|": "or_", "^": "xor"}
Condition = tuple[str, pl.Expr]


def compared(column: str, sign: str, number: float) -> Condition:
    meant: pl.Expr = getattr(COLUMNS[column], COMPARED[sign])(number)
    return f"(pl.col('{column}') {sign} {number!r})", meant


def joined(one: Condition, sign: str, other: Condition) -> Condition:
    return f"({one[0]} {sign} {other[0]})", getattr(one[1], JOINED[sign])(other[1])


def negated(one: Condition) -> Condition:
    return f"~{one[0]}", one[1].not_()


numbers = st.integers(-20, 20) | st.floats(-9, 9)
comparisons = st.builds(
    compared, st.sampled_from([*COLUMNS]), st.sampled_from([*COMPARED]), numbers
)
conditions = st.recursive(
    comparisons,
    lambda inner: (
        st.builds(joined, inner, st.sampled_from([*JOINED]), inner) | st.builds(negated, inner)
    ),
    max_leaves=6,
)


@given(conditions)
def test_a_line_is_what_polars_makes_of_the_same_in_its_own_words(pair: Condition) -> None:
    text, expression = pair
    meant = FRAME.select(expression).to_series().fill_null(False)
    assert parsed(text, "name").mask(FRAME).tolist() == meant.to_list()
