"""Condition: a polars expression from the config that selects rows of a frame."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.errors import ConfigError, nearest

EXAMPLE = "pl.col('size') < 8"
# The most characters that an error quotes: from the config, and from a message of polars.
QUOTED, LONGEST = 60, 200


@dataclass(frozen=True, slots=True)
class Condition:
    """A polars expression that is true, false or null for each row.

    Attributes:
        text: the line of the config.
        name: the name of its parameter, for errors.
        columns: the names of the columns that the expression reads, sorted.
    """

    text: str
    name: str
    columns: tuple[str, ...]
    # == between two expressions returns an expression, so it cannot compare them.
    expression: pl.Expr = field(compare=False, repr=False)

    def mask(self, frame: pl.DataFrame) -> NDArray[np.bool_]:
        """Return [N]: whether the expression is true for each row; null counts as false.

        Raises:
            ConfigError: a column is missing or has an unsuitable type, or the result is not true
                or false for each row.
        """
        self._check_columns(frame)
        try:
            values = frame.select(self.expression).to_series()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise ConfigError(
                f"{one_line(self.name)} cannot be computed: {one_line(str(error), LONGEST)}. "
                f"{_there_are(frame)}"
            ) from None
        self._check_result(values, frame)
        return values.fill_null(False).to_numpy().astype(np.bool_)

    def _check_columns(self, frame: pl.DataFrame) -> None:
        for column in self.columns:
            if column not in frame.columns:
                hint = nearest(column, [one_line(name) for name in frame.columns])
                raise ConfigError(
                    f"{one_line(self.name)} reads the column {one_line(column)}, but there is no "
                    f"such column.{hint} {_there_are(frame)}"
                )

    def _check_result(self, values: pl.Series, frame: pl.DataFrame) -> None:
        if values.dtype != pl.Boolean:
            raise ConfigError(
                f"{one_line(self.name)} is {values.dtype} for each row, but it must be true or "
                f"false, for example {EXAMPLE}. {_there_are(frame)}"
            )
        if len(values) != frame.height:
            raise ConfigError(
                f"{one_line(self.name)} gives one value for all {frame.height:,} rows, but it must "
                f"give a value for each row, for example {EXAMPLE}. {_there_are(frame)}"
            )


def one_line(given: str, longest: int = QUOTED) -> str:
    """Return the text for a terminal: printable, on one line, and cut after `longest` letters."""
    line = "".join(letter if letter.isprintable() else " " for letter in given)
    line = " ".join(line.split())
    return line if len(line) <= longest else f"{line[:longest]}…"


def _there_are(frame: pl.DataFrame) -> str:
    return f"The columns are {', '.join(map(one_line, frame.columns))}."
