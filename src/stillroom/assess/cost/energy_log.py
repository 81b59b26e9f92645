"""Energy log: the energy and time of a stage, stored under the hash of the stage's result.

    stage begins ──Meter──> result saved ──log_energy──> .stillroom/spent/<result_hash>.json
    evaluate ──result_hash──logged_energy──> StageEnergy; None for a result from another machine

Numbers of a clock and of an energy counter differ from run to run, so they are no artifact of DVC.
A result that was pulled from another machine has no entry here.
"""

from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from stillroom.errors import DataError
from stillroom.io.files.confined_paths import confined
from stillroom.io.files.hashing import sha256_json
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.json.validated_json import checked

SPENT = Path(".stillroom") / "spent"
# The stages whose energy is the cost of making a student, and the result that identifies each.
METERED = {"teachers": "teachers", "capture": "soft_labels", "train": "students"}


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class StageEnergy:
    """The energy and time that a stage took.

    Attributes:
        joules: the energy of CPU and GPU together.
        seconds: wall-clock time.
        is_estimate: whether the CPU's share was estimated because it has no counter.
    """

    joules: float = Field(ge=0)
    seconds: float = Field(ge=0)
    is_estimate: bool


def result_hash(result: Any) -> str:
    """Return the hash of a stage's result: a folder of teachers or students, or a soft-label set.

    Raises:
        ModelError: a folder holds something else.
    """
    if not isinstance(result, Path):
        content: str = result.manifest.content
        return content
    from stillroom.teachers.stored_teachers import kind_of

    folders = sorted(path for path in result.iterdir() if path.is_dir())
    return sha256_json({path.name: kind_of(path).identity(path).weights for path in folders})


def log_energy(root: Path, hashed: str, energy: StageEnergy) -> None:
    """Store the energy of a result.

    A run that resumes after a kill, or finds answers in the store, makes the same result with less
    energy. So the log keeps the largest number that was measured for a result.
    """
    before = logged_energy(root, hashed)
    if before is None or before.joules < energy.joules:
        values = {name: getattr(energy, name) for name in ("joules", "seconds", "is_estimate")}
        write_json(_file(root, hashed), values)


def logged_energy(root: Path, hashed: str) -> StageEnergy | None:
    """Return the energy of a result; None if this machine has no entry for it."""
    file = _file(root, hashed)
    if not file.is_file():
        return None
    try:
        return checked(StageEnergy, read_json(file), file.name, "distill")
    except DataError:  # the log is no artifact: an unreadable entry counts as unknown
        return None


def _file(root: Path, hashed: str) -> Path:
    return confined(SPENT / f"{hashed[:32]}.json", root)
