"""Spending: the energy that a stage took in, kept under the hash of what it made, and found again.

    stage begins ──Meter──> its result saved ──note──> .stillroom/spent/<made>.json
    evaluate ──made(what lies there)──noted──> Spent; None of what was made elsewhere

A clock's and a counter's numbers are no artifact: results would differ from run to run. So they lie
outside of DVC, and a result that was pulled from another machine has none.
"""

from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_json
from stillroom.io.files.paths import confined
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.json.validated_json import checked

SPENT = Path(".stillroom") / "spent"
# The stages whose energy is what a student costs to make, and the result that each is known by.
METERED = {"teachers": "teachers", "capture": "soft_labels", "train": "students"}


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class Spent:
    """What a stage took.

    Attributes:
        joules: of CPU and GPU.
        seconds: by the clock.
        is_estimate: whether the CPU's part comes from no counter.
    """

    joules: float = Field(ge=0)
    seconds: float = Field(ge=0)
    is_estimate: bool


def made(result: Any) -> str:
    """Return the hash of what a stage made: a folder of model directories, or a soft-label set.

    Raises:
        ModelError: a folder holds something else.
    """
    if not isinstance(result, Path):
        content: str = result.manifest.content
        return content
    from stillroom.models.pretrained.safetensors_files import weights_hash

    folders = sorted(path for path in result.iterdir() if path.is_dir())
    return sha256_json({path.name: weights_hash(path) for path in folders})


def note(root: Path, hashed: str, spent: Spent) -> None:
    """Keep what a result took.

    A run that goes on after a kill, or finds answers in the store, makes the same for less; so the
    most that was ever seen is kept.
    """
    before = noted(root, hashed)
    if before is None or before.joules < spent.joules:
        values = {name: getattr(spent, name) for name in ("joules", "seconds", "is_estimate")}
        write_json(_file(root, hashed), values)


def noted(root: Path, hashed: str) -> Spent | None:
    """Return what a result took; None where it is not known on this machine."""
    file = _file(root, hashed)
    if not file.is_file():
        return None
    try:
        return checked(Spent, read_json(file), file.name, "distill")
    except DataError:  # it is no result: what cannot be read is not known
        return None


def _file(root: Path, hashed: str) -> Path:
    return confined(SPENT / f"{hashed[:32]}.json", root)
