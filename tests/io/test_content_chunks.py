"""Chunks have a bounded length, and new rows hardly move their borders."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.io.content_chunks import is_cut

Row = tuple[bytes, str]


def rows(count: int, part: str = "p", seed: int = 0) -> list[Row]:
    return [(hashlib.sha256(f"{seed}/{n}".encode()).digest()[:16], part) for n in range(count)]


def runs(of: Sequence[Row], average: int) -> list[tuple[Row, ...]]:
    """Cut rows as a writer does."""
    chunks, start = [], 0
    for at, (key, part) in enumerate(of):
        last = at + 1 == len(of)
        if last or is_cut(key, part, of[at + 1][1], at + 1 - start, average):
            chunks.append(tuple(of[start : at + 1]))
            start = at + 1
    return chunks


@given(st.integers(1, 60), st.integers(0, 300), st.integers(0, 5))
def test_every_row_is_in_one_run_in_order(average: int, count: int, seed: int) -> None:
    of = rows(count, seed=seed)
    assert [row for run in runs(of, average) for row in run] == of


@given(st.integers(1, 60), st.integers(0, 300), st.integers(0, 5))
def test_every_run_but_the_last_has_half_to_twice_the_average_length(
    average: int, count: int, seed: int
) -> None:
    lengths = [len(run) for run in runs(rows(count, seed=seed), average)]
    assert all(average <= 2 * length and length <= 2 * average for length in lengths[:-1])
    assert all(length <= 2 * average for length in lengths)


def test_runs_have_the_average_length_that_the_caller_sets() -> None:
    lengths = [len(run) for run in runs(rows(40_000), 50)]
    # 25 rows, then 1 in 25 until 100: 25 + 25 (1 - e^-3) = 48.8.
    assert sum(lengths) / len(lengths) == pytest.approx(49, abs=2)


@pytest.mark.parametrize("change", ["inserted", "removed"])
@pytest.mark.parametrize("at", [0, 1, 777, 1500, 1999])
def test_an_inserted_or_removed_row_changes_only_the_runs_around_it(change: str, at: int) -> None:
    of = rows(2000)
    new = [(b"\xff" * 16, "p")] if change == "inserted" else []
    changed = of[:at] + new + of[at + (change == "removed") :]
    before, after = runs(of, 50), runs(changed, 50)
    # A long run without a key that cuts passes the change on; 2% of the runs are this long.
    assert len(set(after) - set(before)) <= 4
    assert len(set(before) - set(after)) <= 4


def test_appended_rows_change_only_the_last_run() -> None:
    of = rows(2000)
    before = runs(of[:1900], 50)
    assert runs(of, 50)[: len(before) - 1] == before[:-1]


def test_a_new_part_starts_a_new_run() -> None:
    of = rows(40, "a") + rows(40, "b", seed=1)
    assert all(len({part for _, part in run}) == 1 for run in runs(of, 50))
    grown = rows(47, "a") + rows(40, "b", seed=1)
    assert runs(grown, 50)[-1] == runs(of, 50)[-1]


def test_many_small_parts_share_a_run() -> None:
    # Each part has one row: a run closes at a border once it has a sixteenth of the average.
    of = [row for n in range(60) for row in rows(1, f"part {n}", seed=n)]
    assert [len(run) for run in runs(of, 96)] == [6] * 10
    assert [len(run) for run in runs(of, 2)] == [1] * 60


def test_a_cut_depends_only_on_key_part_and_length() -> None:
    cutting, other = b"\x00" * 16, b"\x01" + b"\x00" * 15
    assert is_cut(cutting, "a", "a", 50, 100)
    assert not is_cut(other, "a", "a", 50, 100)
    assert not is_cut(cutting, "a", "a", 49, 100)
    assert is_cut(other, "a", "a", 200, 100)
    assert not is_cut(other, "a", "a", 199, 100)
    assert is_cut(other, "a", "b", 6, 100)
    assert not is_cut(cutting, "a", "b", 5, 100)
