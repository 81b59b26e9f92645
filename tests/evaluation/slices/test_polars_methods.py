"""Methods: each one on the list exists, does what its name says, and takes the listed arguments."""

import polars as pl
import pytest

from stillroom.evaluation.slices.polars_methods import METHODS, Method

# One call of each method that needs arguments; the others are called without any.
ARGUMENTS = {
    "is_between": [1, 2.5],
    "is_in": [[1.0, 2.0]],
    "fill_null": [0],
    "quantile": [0.5],
    "str.contains": ["a"],
    "str.count_matches": ["a"],
    "str.starts_with": ["a"],
    "str.ends_with": ["a"],
}
FRAME = pl.DataFrame({"n": [1.0, None, 3.0], "text": ["a", "ba", None], "many": [[1.0], [], None]})


@pytest.mark.parametrize("path", METHODS)
def test_each_method_is_one_of_polars(path: str) -> None:
    method = METHODS[path]
    arguments = method.arguments(ARGUMENTS.get(path, []), [])
    assert arguments is not None
    column = {"str": "text", "list": "many"}.get(path.split(".")[0], "n")
    assert FRAME.select(method.call(pl.col(column), arguments)).width == 1


@pytest.mark.parametrize("path", METHODS)
def test_no_method_takes_more_or_other_arguments_than_it_lists(path: str) -> None:
    method, given = METHODS[path], ARGUMENTS.get(path, [])
    assert method.arguments([*given, True, True], []) is None
    assert method.arguments(given, [("strategy", "forward")]) is None
    assert method.arguments(given, [(None, 1)]) is None
    for place in range(len(given)):
        assert method.arguments(given[:place], []) is None


def test_arguments_go_by_name_too_and_none_twice() -> None:
    between = METHODS["is_between"]
    bounds = {"lower_bound": 1, "upper_bound": 2}
    assert between.arguments([1], [("upper_bound", 2)]) == bounds
    assert between.arguments([1, 2], [("closed", "left")]) == {**bounds, "closed": "left"}
    assert between.arguments([1, 2], [("upper_bound", 2)]) is None
    assert between.arguments([1], [("upper_bound", 2), ("upper_bound", 2)]) is None


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("is_between", ["a", "b"]),  # polars would take them for columns
        ("is_between", [True, 2]),
        ("is_between", [1, 2, "most"]),
        ("is_in", [3]),
        ("is_in", [[1, "a"]]),
        ("quantile", [1.5]),
        ("str.contains", [3]),
        ("str.contains", ["a", "b"]),
        ("fill_null", [[1]]),
    ],
)
def test_arguments_of_another_kind_are_refused(path: str, given: list) -> None:
    assert METHODS[path].arguments(given, []) is None


def test_a_signature_reads_as_it_is_written() -> None:
    assert (
        METHODS["str.contains"].signature == "str.contains(pattern: text, [literal: True or False])"
    )
    assert Method("abs").signature == "abs()"
