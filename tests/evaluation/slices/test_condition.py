import numpy as np
import polars as pl
import pytest

from stillroom.errors import ConfigError
from stillroom.evaluation.slices.condition import QUOTED, one_line
from stillroom.evaluation.slices.expression import parsed

FRAME = pl.DataFrame({"n_tokens": [3, 8, None, 20], "text": ["a card", "b", "card", None]})


def test_null_is_not_true() -> None:
    mask = parsed("pl.col('n_tokens') < 10", "short").mask(FRAME)
    assert mask.dtype == np.bool_
    assert mask.tolist() == [True, True, False, False]


def test_an_unknown_column_is_named_with_the_nearest_and_all() -> None:
    with pytest.raises(ConfigError) as caught:
        parsed("pl.col('n_token') < 8", "evaluate.slices.short").mask(FRAME)
    assert str(caught.value) == (
        "evaluate.slices.short reads the column n_token, but there is no such column. Did "
        "you mean n_tokens? The columns are n_tokens, text."
    )


def test_what_is_not_true_or_false_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"is Int64 for each row.*The columns are n_tokens, text"):
        parsed("pl.col('n_tokens') + 1", "short").mask(FRAME)


def test_an_expression_over_all_rows_at_once_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"gives one value for all 4 rows.*The columns are"):
        parsed("pl.col('n_tokens').mean() > 3", "short").mask(FRAME)


@pytest.mark.parametrize(
    "text",
    [
        "pl.col('text') > 3",
        "pl.col('n_tokens').str.contains('a')",
        "pl.col('text').str.contains('(')",
        "pl.col('text').str.contains('((a{1000}){1000}){1000}')",
        "pl.col('text').list.len() > 3",
        "~pl.col('text')",
        "pl.col('n_tokens').is_in(['a'])",
        "pl.col('text').abs() > 1",
    ],
)
def test_what_polars_refuses_is_one_line_with_the_columns(text: str) -> None:
    with pytest.raises(ConfigError, match=r"The columns are n_tokens, text\.$") as caught:
        parsed(text, "short").mask(FRAME)
    assert str(caught.value).startswith("short cannot be computed: ")
    assert "\n" not in str(caught.value)


def test_hostile_names_of_columns_stay_on_one_line() -> None:
    frame = pl.DataFrame({"a\n\x1b[2Jb": [1]})
    with pytest.raises(ConfigError) as caught:
        parsed("pl.col('x') < 8", "short\n").mask(frame)
    assert str(caught.value).isprintable()


def test_one_line_is_cut() -> None:
    assert one_line("a\n\tb\x00") == "a b"
    assert one_line("a" * 100) == "a" * QUOTED + "…"


def test_conditions_compare_by_their_text() -> None:
    assert parsed("pl.col('a') < 1", "x") == parsed("pl.col('a') < 1", "x")
    assert parsed("pl.col('a') < 1", "x") != parsed("pl.col('a') < 2", "x")
