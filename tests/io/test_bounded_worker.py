"""Bounded worker: what a function may take, and the one line for everything that it does wrong."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.faults import bounded_functions as functions

from stillroom.errors import DataError, ModelError
from stillroom.io.bounded_worker import Bounds, run_bounded

SMALL = Bounds(memory=64 * 2**20, seconds=10, result=1000)


def run(function: Callable[..., Any], *arguments: object, bounds: Bounds = SMALL) -> Any:
    """Run a function over a file."""
    return run_bounded(function, *arguments, subject="some/file", bounds=bounds)


def test_a_result_comes_back_though_libraries_print() -> None:
    assert run(functions.pair, 3, "ü") == [3, "ü"]


def test_the_process_gets_no_secret_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_TOKEN", "hf_secret")
    given = run(functions.environment)
    assert "SOME_TOKEN" not in given and given["HF_HUB_OFFLINE"] == "1"


def test_errors_of_the_project_keep_their_kind_and_words() -> None:
    with pytest.raises(ModelError, match=r"^This model is refused\. Choose another\.$"):
        run(functions.refuse)


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (functions.fail, (), "(ValueError: first [31msecond)"),
        (functions.panic, (), "(PanicException: index out of bounds)"),
        (functions.recurse, (), "(RecursionError: "),
        (functions.allocate, (2**28,), "needed more than 67.1 MB of memory"),
        (functions.allocate, (2**60,), "needed more than 67.1 MB of memory"),
        (functions.abort_for_memory, (), "needed more than 67.1 MB of memory"),
        (functions.crash, (), "was ended by signal 11"),
        (functions.leave, (3,), "ended with code 3 (no more)"),
        (functions.leave, (0,), "left no result"),
        (functions.pair, (1, "x" * 2000), "wrote more than 1.00 kB"),
    ],
)
def test_everything_else_is_one_line_that_names_the_file(
    function: Callable[..., Any], arguments: tuple[Any, ...], words: str
) -> None:
    with pytest.raises(DataError) as refusal:
        run(function, *arguments)
    message = str(refusal.value)
    assert words in message and message.startswith("some/file cannot be read")
    assert "\n" not in message and "\x1b" not in message


def test_another_way_out_is_the_last_sentence() -> None:
    with pytest.raises(DataError, match=r"left no result\. Ask for less\.$"):
        run_bounded(functions.leave, 0, subject="some/file", remedy="Ask for less.")


def test_arguments_that_are_nested_too_deep_are_refused() -> None:
    deep: Any = None
    for _ in range(2000):
        deep = [deep]
    with pytest.raises(DataError, match="some/file cannot be read: it is nested too deep"):
        run(functions.pair, deep, "")


def test_memory_within_the_bound_is_given() -> None:
    assert run(functions.allocate, 2**25) == 2**25


def test_a_function_that_does_not_end_is_ended() -> None:
    started = time.monotonic()
    with pytest.raises(DataError, match=r"took longer than 0\.5 s"):
        run(functions.sleep, bounds=Bounds(seconds=0.5))
    assert time.monotonic() - started < 10


def test_a_file_beyond_the_bound_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        run(functions.write, str(tmp_path / "large"), 10_000)
    assert (tmp_path / "large").stat().st_size <= 1000
