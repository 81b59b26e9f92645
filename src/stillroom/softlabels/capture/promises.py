"""Promises: what a teacher says of a second capture, so that `verify` knows what it may do.

repeatable, exact   ──> some rows are captured again and must be equal
repeatable, inexact ──> some rows are captured again, and the largest distance is reported
not repeatable      ──> no row is captured again, and the report says so
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promises:
    """What a teacher promises about a second capture.

    Attributes:
        repeatable: it can be asked again, at no price.
        exact: the same input then gets the same bits, on the same kind of machine.
    """

    repeatable: bool
    exact: bool


RUNS_HERE = Promises(repeatable=True, exact=True)  # a model that runs on this machine
