"""Document: whose licence each teacher is under, and what it asks, as a small frozen value.

    Licence ──to_json──> licence.json ──from_json, checked──> Licence

It is written only where every teacher may teach, so who has it has the leave that it stands for.
"""

from dataclasses import asdict
from typing import Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from stillroom.io.json.validated_json import checked
from stillroom.teachers.licences.terms import Verdict

FORMAT: Literal["stillroom-licence/1"] = "stillroom-licence/1"
ReadFrom = Literal["trained here", "teacher.licence", "model card", "nowhere"]
_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class TeacherLicence:
    """One teacher's licence.

    Attributes:
        teacher: its directory's name, without the folders of this machine.
        hub_id: its name on the Hub, as owner/name, where that is known.
        identifier: of the licence, as the table has it; None where none is known.
        name: the licence's own.
        verdict: whether its answers may train another model.
        says: the clause in words.
        source: where that stands: document, date, section.
        conditions: what must be done or left.
        layers: what must be done besides, where a student begins with its layers.
        student: the licence that a student must carry; None where it is free, or not known.
        link: where the licence lies.
        read_from: who named the licence.
        card: what the model card says instead, where `teacher.licence` overrides it.
        acknowledged: the reason for going on, where the verdict alone would have stopped the run.
    """

    teacher: str
    hub_id: str | None
    identifier: str | None
    name: str
    verdict: Verdict
    says: str
    source: str
    conditions: tuple[str, ...]
    layers: tuple[str, ...]
    student: str | None
    link: str | None
    read_from: ReadFrom
    card: str | None = None
    acknowledged: str | None = None

    @property
    def permits(self) -> bool:
        """Whether it lets a student learn, by itself or by a reason that somebody gave."""
        return self.verdict in ("allowed", "conditions") or self.acknowledged is not None


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Licence:
    """Every teacher's licence, in the teachers' order."""

    teachers: tuple[TeacherLicence, ...] = Field(min_length=1)
    format: Literal["stillroom-licence/1"] = FORMAT

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def from_json(document: object) -> Licence:
    """Return the licence that plain values stand for.

    Raises:
        DataError: they are malformed; says where.
    """
    return checked(Licence, document, "licence.json", "teachers")
