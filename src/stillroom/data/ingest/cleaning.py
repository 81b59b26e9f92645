"""Cleaning: rows in, one row per distinct input out, with counts of the removed rows.

    keyed rows ──same input, same split──> duplicates
               ──same input, two labels──> conflicts: refuse | drop | majority
               ──same input, two splits──> leakage: test before validation before train

Rows read = examples + duplicates + leaked + dropped conflicts, always.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from stillroom.data.ingest.splits import TEST, TRAIN, VALIDATION
from stillroom.errors import DataError

Treatment = Literal["refuse", "drop", "majority"]
CONFLICTS_LISTED = 5
_RANK = {TEST: 0, VALIDATION: 1, TRAIN: 2}


@dataclass(frozen=True, slots=True)
class Conflict:
    """One input with two labels: its first part and row, its labels, and its places."""

    part: str
    row: int
    labels: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CleaningResult:
    """The distinct inputs, in the order of part and row, and counts of what was removed.

    `duplicates` and `leaked` count removed rows; `conflicting` and `dropped` count inputs.
    """

    frame: pl.DataFrame
    duplicates: int
    leaked: int
    conflicting: int
    dropped: int
    conflicts: tuple[Conflict, ...]


def clean(frame: pl.DataFrame, treatment: Treatment) -> CleaningResult:
    """Keep one row per distinct input.

    Args:
        frame: `RawExamples.frame` with `example_id`; `split` is canonical in all rows, or null in
            all.
        treatment: what happens to inputs with several labels. `majority` keeps the most frequent
            label, and drops the input on a tie. A missing label is not a vote.

    Raises:
        DataError: an input has several labels, and the treatment is `refuse`.
    """
    votes = _votes(frame)
    conflicts = _conflicts(frame, votes)
    conflicting = votes.filter(pl.col("choices") > 1).height
    if conflicting and treatment == "refuse":
        first = conflicts[0]
        raise DataError(
            f"{', '.join(first.places[:3])} hold the same input with several labels "
            f"({', '.join(first.labels)}); {conflicting} such inputs in all. Correct them, or set "
            "data.conflicts to drop or majority."
        )
    winners_needed = 0 if treatment == "drop" else 1
    lost = (pl.col("choices") > 1) & (pl.col("winners") != winners_needed)
    winners = votes.filter(~lost).select("example_id", "winner")
    ranked = frame.with_columns(rank=pl.col("split").replace_strict(_RANK, default=0))
    distinct = (
        ranked.sort("rank", "part", "row")
        .unique("example_id", keep="first", maintain_order=True)
        .join(winners, on="example_id", how="inner")
        .with_columns(label=pl.col("winner"))
        .drop("rank", "winner")
        .sort("part", "row")
    )
    in_a_split = frame.select("example_id", "split").unique().height
    return CleaningResult(
        frame=distinct,
        duplicates=frame.height - in_a_split,
        leaked=in_a_split - votes.height,
        conflicting=conflicting,
        dropped=votes.height - distinct.height,
        conflicts=conflicts,
    )


def _votes(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a row per example_id: the numbers of `choices` and `winners` among labels; a `winner`.

    The `choices` are the different labels; the `winners` are those with the most votes.
    """
    counted = frame.group_by("example_id", "label").len("votes")
    named = pl.col("label").is_not_null()
    leading = named & (pl.col("votes") == pl.col("votes").filter(named).max())
    return counted.group_by("example_id").agg(
        choices=named.sum(),
        winners=leading.sum(),
        winner=pl.col("label").filter(leading).min(),
    )


def _conflicts(frame: pl.DataFrame, votes: pl.DataFrame) -> tuple[Conflict, ...]:
    """Return the first few conflicts, in the order of part and row."""
    conflicting = frame.join(votes.filter(pl.col("choices") > 1), on="example_id", how="semi")
    grouped = (
        conflicting.sort("part", "row")
        .group_by("example_id", maintain_order=True)
        .agg("part", "row", "origin", pl.col("label").drop_nulls().unique().sort())
        .head(CONFLICTS_LISTED)
    )
    return tuple(
        Conflict(
            part=rows["part"][0],
            row=rows["row"][0],
            labels=tuple(rows["label"]),
            places=tuple(rows["origin"][:CONFLICTS_LISTED]),
        )
        for rows in grouped.iter_rows(named=True)
    )
