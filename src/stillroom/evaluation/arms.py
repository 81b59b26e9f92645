"""Runs: arms and how many seeds in, the name of each model that is trained and measured out.

    control, student x 3 seeds ──> control, student, control_1, student_1, control_2, student_2

Seed number 0 is the one that ships. The others tell what of a difference is luck.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TEACHER = "teacher"
CONTROL = "control"
STUDENT = "student"
FULL_LOGITS = "full_logits"


@dataclass(frozen=True, slots=True)
class Run:
    """One model of an arm.

    Attributes:
        arm: what it learns from: labels alone (control), soft labels (student), or the teacher's
            full logits (full_logits).
        number: of its seed, from 0.
    """

    arm: str
    number: int

    @property
    def name(self) -> str:
        """Of its folder, its column and its curve."""
        return self.arm if self.number == 0 else f"{self.arm}_{self.number}"


def runs(arms: Iterable[str], seeds: int) -> list[Run]:
    """Return every run, those of one seed together."""
    found = tuple(arms)
    return [Run(arm, number) for number in range(seeds) for arm in found]


def of_name(name: str) -> Run:
    """Return the run of a name."""
    arm, _, number = name.rpartition("_")
    return Run(arm, int(number)) if arm and number.isdecimal() else Run(name, 0)


def runs_in(students: Path) -> list[Run]:
    """Return the runs of a folder, in the order of seeds."""
    found = [of_name(path.name) for path in students.iterdir() if path.is_dir()]
    return sorted(found, key=lambda run: (run.number, run.arm))
