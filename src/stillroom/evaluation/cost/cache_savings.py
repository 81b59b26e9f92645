"""The cache: what the teachers' answers cost once in, what they saved out.

rows, seconds an answer     ──> paid: each row once
answers read by students    ──> live: what a teacher beside each student would have been asked
"""

from dataclasses import dataclass

from stillroom.errors import DataError

SECONDS_OF_AN_HOUR = 3600
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class CacheSavings:
    """What was kept of the teachers, and how often it was read.

    Attributes:
        bytes_on_disk: of the soft-label set.
        rows: answers in it, at least 1; views, which are asked apart, count apart, and draws from
            one answer together.
        seconds_per_inference: of all teachers together, for one row.
        read: answers that students read in all, each row once an epoch; a control reads none.
    """

    bytes_on_disk: int
    rows: int
    seconds_per_inference: float
    read: int

    def __post_init__(self) -> None:
        """Refuse what cannot have been.

        Raises:
            DataError: no row, or a number below zero.
        """
        counts = (self.bytes_on_disk, self.read, self.seconds_per_inference)
        if self.rows < 1 or min(counts) < 0:
            raise DataError(f"{self} cannot be; rows is at least 1, and nothing is below 0.")

    @property
    def bytes_per_row(self) -> float:
        """What one answer takes on disk."""
        return self.bytes_on_disk / self.rows

    @property
    def paid_seconds(self) -> float:
        """Seconds of teacher that were paid."""
        return self.rows * self.seconds_per_inference

    @property
    def live_seconds(self) -> float:
        """Seconds that a teacher beside each student would have taken."""
        return self.read * self.seconds_per_inference

    @property
    def saved_hours(self) -> float:
        """Hours of teacher that were not needed; below zero where less was read than asked."""
        return (self.live_seconds - self.paid_seconds) / SECONDS_OF_AN_HOUR

    def numbers(self) -> dict[str, int | float]:
        """Return the numbers by name, for cost.json."""
        return {
            "bytes": self.bytes_on_disk,
            "rows": self.rows,
            "bytes_per_row": round(self.bytes_per_row, 1),
            "read": self.read,
            "paid_seconds": round(self.paid_seconds, DECIMALS),
            "live_seconds": round(self.live_seconds, DECIMALS),
            "saved_hours": round(self.saved_hours, DECIMALS),
        }
