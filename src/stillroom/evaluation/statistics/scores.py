"""Scores: the scores of one arm's S models on N examples, from which all comparisons are computed.

    measure of each answer ──Scores──> mean;  Scores - Scores ──> paired by seed and by example

An example is a unit that was drawn independently: an image, a text, a sequence of tokens. Its
weight is the number of its answers, which a sequence has several of.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The scores of models that differ only in their seed.

    Attributes:
        sums: [S, N], the sums over the answers of each example.
        counts: [N], the number of answers of each example; not all are 0.
    """

    sums: Doubles
    counts: Doubles

    @classmethod
    def of_answers(cls, values: NDArray[Any]) -> "Scores":
        """Return the scores of examples with one answer each, [S, N] or [N].

        Raises:
            DataError: there is no example, or a value is not finite.
        """
        sums = np.atleast_2d(np.asarray(values, dtype=np.float64))
        return cls._checked(sums, np.ones(sums.shape[1]))

    @classmethod
    def of_sequences(cls, values: NDArray[Any], lengths: NDArray[Any]) -> "Scores":
        """Return the scores of sequences.

        Args:
            values: [S, M] or [M], the scores of all answers, sequence after sequence.
            lengths: [N], the number of answers of each sequence; they sum to M.

        Raises:
            DataError: the lengths do not sum to M; or as `of_answers`.
        """
        rows = np.atleast_2d(np.asarray(values, dtype=np.float64))
        if rows.shape[1] != int(np.sum(lengths)):
            raise DataError(
                f"there are {rows.shape[1]:,} answers for {int(np.sum(lengths)):,} tokens. "
                "Run `kedro run --pipeline=evaluate` again."
            )
        owners = np.repeat(np.arange(len(lengths)), lengths)
        sums = [np.bincount(owners, row, len(lengths)).astype(np.float64) for row in rows]
        return cls._checked(np.stack(sums), np.array(lengths, dtype=np.float64))

    @classmethod
    def _checked(cls, sums: Doubles, counts: Doubles) -> "Scores":
        if not counts.sum() or not len(sums):
            raise DataError("there is no answer to score. Give the test split rows with a label.")
        if not np.isfinite(sums).all():
            raise DataError("a score is not finite: the model has diverged. Train it again.")
        return cls(sums, counts)

    @property
    def seeds(self) -> int:
        """The number of seeds, S."""
        return len(self.sums)

    @property
    def examples(self) -> int:
        """The number of examples, N."""
        return len(self.counts)

    @property
    def of_seeds(self) -> Doubles:
        """The mean over the answers of each model, [S]."""
        return np.asarray(self.sums.sum(axis=1) / self.counts.sum())

    @property
    def value(self) -> float:
        """The mean over seeds and answers."""
        return float(self.of_seeds.mean())

    def __neg__(self) -> "Scores":
        """Return the scores with their sign changed."""
        return Scores(-self.sums, self.counts)

    def some(self, rows: NDArray[np.bool_]) -> "Scores":
        """Return the scores of some examples.

        Raises:
            DataError: none of the examples has an answer.
        """
        return Scores._checked(self.sums[:, rows], self.counts[rows])

    def __sub__(self, other: "Scores") -> "Scores":
        """Return the differences, seed by seed and example by example.

        A single model, such as a teacher, is paired with every seed of the other.

        Raises:
            DataError: the examples or the numbers of seeds differ.
        """
        if not np.array_equal(self.counts, other.counts):
            raise DataError("scores of different examples cannot be compared. Run evaluate again.")
        if 1 not in (self.seeds, other.seeds) and self.seeds != other.seeds:
            raise DataError(f"{self.seeds} seeds cannot be paired with {other.seeds}.")
        return Scores(self.sums - other.sums, self.counts)
