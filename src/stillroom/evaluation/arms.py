"""Arms and runs: arms and a number of seeds in, the name of each model out.

    control, student x 3 seeds ──> control, student, control_1, student_1, control_2, student_2

The run with seed number 0 ships. The others show how much of a difference is chance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TEACHER = "teacher"
CONTROL = "control"
STUDENT = "student"
FULL_LOGITS = "full_logits"


@dataclass(frozen=True, slots=True)
class Run:
    """One model of an arm.

    Attributes:
        arm: what the model learns from: only labels (control), soft labels (student), or the
            teacher's full logits (full_logits).
        number: the number of its seed, from 0.
    """

    arm: str
    number: int

    @property
    def name(self) -> str:
        """The name of the run's folder, its column and its curve."""
        return self.arm if self.number == 0 else f"{self.arm}_{self.number}"


def trained_arms(mode: Literal["cached", "live"], full_logits: bool, is_whole: bool) -> list[str]:
    """Return the arms that are trained.

    A third arm learns from full logits if that is wanted and a cache keeps less: otherwise the
    student itself learns from them.

    Args:
        mode: whether students learn from stored answers, or from a teacher that runs.
        full_logits: whether the third arm is wanted.
        is_whole: whether the stored answers hold every logit.
    """
    keeps_less = mode == "cached" and not is_whole
    return [CONTROL, STUDENT, FULL_LOGITS] if full_logits and keeps_less else [CONTROL, STUDENT]


def runs(arms: Iterable[str], seeds: int) -> list[Run]:
    """Return every run; runs of one seed stand together."""
    names = tuple(arms)
    return [Run(arm, number) for number in range(seeds) for arm in names]


def run_of_name(name: str) -> Run:
    """Return the run with this name."""
    arm, _, number = name.rpartition("_")
    return Run(arm, int(number)) if arm and number.isdecimal() else Run(name, 0)


def runs_in(students: Path) -> list[Run]:
    """Return the runs of a folder, in the order of seeds."""
    all_runs = [run_of_name(path.name) for path in students.iterdir() if path.is_dir()]
    return sorted(all_runs, key=lambda run: (run.number, run.arm))
