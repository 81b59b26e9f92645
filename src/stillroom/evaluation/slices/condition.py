"""Condition: what a line of the config says of each row; a frame in, true or false of each out."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.errors import ConfigError, nearest

EXAMPLE = "pl.col('size') < 8"
# Of what was given, or of what polars says of it, and is quoted in an error.
QUOTED, TOLD = 60, 200


@dataclass(frozen=True, slots=True)
class Condition:
    """A polars expression that is true, false or null of each row.

    Attributes:
        text: the line that it was parsed from.
        name: of the parameter that holds it, for errors.
        columns: the names of the columns that it reads, sorted.
    """

    text: str
    name: str
    columns: tuple[str, ...]
    # == between two expressions makes a third.
    expression: pl.Expr = field(compare=False, repr=False)

    def mask(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        """Return [N]: of which rows it is true; where it is null it is not.

        Raises:
            ConfigError: a column is missing, or of another type than the line takes it for; or
                what comes out is not true or false of each row.
        """
        self._check_columns(frame)
        try:
            found = frame.select(self.expression).to_series()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise ConfigError(
                f"{one_line(self.name)} cannot be computed: {one_line(str(error), TOLD)}. "
                f"{_there_are(frame)}"
            ) from None
        self._check_result(found, frame)
        return found.fill_null(False).to_numpy().astype(np.bool_)

    def _check_columns(self, frame: pl.DataFrame) -> None:
        for column in self.columns:
            if column not in frame.columns:
                hint = nearest(column, [one_line(known) for known in frame.columns])
                raise ConfigError(
                    f"{one_line(self.name)} reads the column {one_line(column)}, which there is "
                    f"not.{hint} {_there_are(frame)}"
                )

    def _check_result(self, found: pl.Series, frame: pl.DataFrame) -> None:
        if found.dtype != pl.Boolean:
            raise ConfigError(
                f"{one_line(self.name)} is {found.dtype} of each row, and must be true or false, "
                f"as {EXAMPLE} is. {_there_are(frame)}"
            )
        if len(found) != frame.height:
            raise ConfigError(
                f"{one_line(self.name)} says one thing of all {frame.height:,} rows, and must say "
                f"it of each, as {EXAMPLE} does. {_there_are(frame)}"
            )


def one_line(given: str, longest: int = QUOTED) -> str:
    """Return what was given as a terminal can show it: on one line, and cut where it is long."""
    line = "".join(letter if letter.isprintable() else " " for letter in given)
    line = " ".join(line.split())
    return line if len(line) <= longest else f"{line[:longest]}…"


def _there_are(frame: pl.DataFrame) -> str:
    return f"The columns are {', '.join(map(one_line, frame.columns))}."
