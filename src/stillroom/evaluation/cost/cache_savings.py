"""Cache savings: compares the cost of one capture with the cost of live teachers.

rows, seconds per answer    ──> paid: each row captured once
answers read by students    ──> live: the inferences of a teacher that runs beside each student
"""

from dataclasses import dataclass

from stillroom.errors import DataError

SECONDS_OF_AN_HOUR = 3600
DECIMALS = 4


@dataclass(frozen=True, slots=True)
class CacheSavings:
    """The size of the soft-label set, and how often students read it.

    Attributes:
        bytes_on_disk: the size of the soft-label set.
        rows: the answers in the set, at least 1. Each view is an answer of its own; several draws
            from one answer count once.
        seconds_per_inference: the time of all teachers together for one row.
        read: how many answers all students read together, each row once per epoch; a control
            reads none.
    """

    bytes_on_disk: int
    rows: int
    seconds_per_inference: float
    read: int

    def __post_init__(self) -> None:
        """Refuse impossible numbers.

        Raises:
            DataError: there is no row, or a number is below zero.
        """
        counts = (self.bytes_on_disk, self.read, self.seconds_per_inference)
        if self.rows < 1 or min(counts) < 0:
            raise DataError(
                f"{self} cannot be; rows must be at least 1, and no number may be below 0."
            )

    @property
    def bytes_per_row(self) -> float:
        """The bytes of one answer on disk."""
        return self.bytes_on_disk / self.rows

    @property
    def paid_seconds(self) -> float:
        """Seconds that the teachers took for the capture."""
        return self.rows * self.seconds_per_inference

    @property
    def live_seconds(self) -> float:
        """The seconds that live teachers beside each student would need."""
        return self.read * self.seconds_per_inference

    @property
    def saved_hours(self) -> float:
        """Teacher hours that were saved; below zero if students read less than was captured."""
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
