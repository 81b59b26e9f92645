"""Cleaning: rows in, one row per distinct input out, and a count of all that went.

    keyed rows ──same input, same split──> duplicates
               ──same input, two labels──> conflicts: refuse | drop | majority
               ──same input, two splits──> leakage: test before validation before train

Rows read = examples + duplicates + leaked + dropped conflicts, always.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from stillroom.errors import DataError

Treatment = Literal["refuse", "drop", "majority"]
SHOWN = 5
_RANK = {"test": 0, "validation": 1, "train": 2}


@dataclass(frozen=True, slots=True)
class Conflict:
    """One input with two labels: where it first stands, its labels, and all of its places."""

    part: str
    row: int
    labels: tuple[str, ...]
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The distinct inputs, in the order of part and row, and what cleaning found.

    `duplicates` and `leaked` count rows that went; `conflicting` and `dropped` count inputs.
    """

    frame: pl.DataFrame
    duplicates: int
    leaked: int
    conflicting: int
    dropped: int
    conflicts: tuple[Conflict, ...]


def clean(frame: pl.DataFrame, treatment: Treatment) -> Cleaned:
    """Make equal inputs one.

    Args:
        frame: `Raw.frame` with `example_id`; `split` canonical in all rows, or null in all.
        treatment: of inputs with several labels. `majority` takes the most frequent label, and
            drops ties. A missing label is no vote: a label beside it is taken.

    Raises:
        DataError: inputs with several labels, under `refuse`.
    """
    votes = _votes(frame)
    conflicts = _conflicts(frame, votes)
    conflicting = votes.filter(pl.col("choices") > 1).height
    if conflicting and treatment == "refuse":
        first = conflicts[0]
        raise DataError(
            f"{', '.join(first.places[:3])} hold the same input under several labels "
            f"({', '.join(first.labels)}); {conflicting} inputs in all. Mend them, or set "
            "data.conflicts to drop or majority."
        )
    settled = 0 if treatment == "drop" else 1
    lost = (pl.col("choices") > 1) & (pl.col("winners") != settled)
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
    return Cleaned(
        frame=distinct,
        duplicates=frame.height - in_a_split,
        leaked=in_a_split - votes.height,
        conflicting=conflicting,
        dropped=votes.height - distinct.height,
        conflicts=conflicts,
    )


def _votes(frame: pl.DataFrame) -> pl.DataFrame:
    """Return per example_id: how many `choices` and `winners` among labels; a `winner`."""
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
    rows = frame.join(votes.filter(pl.col("choices") > 1), on="example_id", how="semi")
    grouped = (
        rows.sort("part", "row")
        .group_by("example_id", maintain_order=True)
        .agg("part", "row", "origin", pl.col("label").drop_nulls().unique().sort())
        .head(SHOWN)
    )
    return tuple(
        Conflict(
            part=found["part"][0],
            row=found["row"][0],
            labels=tuple(found["label"]),
            places=tuple(found["origin"][:SHOWN]),
        )
        for found in grouped.iter_rows(named=True)
    )
