"""The cache: what the teachers' answers cost once in, what they saved out.

rows, seconds an answer ──> paid: each row once
epochs, students        ──> a live teacher: each row in each epoch of each student
"""

from dataclasses import dataclass

from stillroom.errors import DataError

SECONDS_OF_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Cache:
    """What was kept of the teachers, and how often it was read.

    Attributes:
        bytes_on_disk: of the soft-label set.
        rows: answers in it, at least 1; views and draws that were asked apart count apart.
        seconds_per_inference: of all teachers together, for one row.
        epochs: that a student goes over the rows.
        students: that were trained from it, seeds included; a control asks no teacher.
    """

    bytes_on_disk: int
    rows: int
    seconds_per_inference: float
    epochs: int
    students: int

    def __post_init__(self) -> None:
        """Refuse what cannot have been.

        Raises:
            DataError: no row, or a number below zero.
        """
        counts = (self.bytes_on_disk, self.epochs, self.students)
        if self.rows < 1 or min(*counts, self.seconds_per_inference) < 0:
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
        return self.paid_seconds * self.epochs * self.students

    @property
    def saved_hours(self) -> float:
        """Hours of teacher that were not needed; below zero where nothing was read."""
        return (self.live_seconds - self.paid_seconds) / SECONDS_OF_AN_HOUR
