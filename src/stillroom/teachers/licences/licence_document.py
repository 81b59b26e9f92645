"""The licence document: the licence of each teacher, and its conditions, as a frozen value.

    Licence ──to_json──> licence.json ──from_json, checked──> Licence

The stage `teachers` writes it only if every teacher is permitted.
"""

from dataclasses import asdict
from typing import Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.io.json.validated_json import STRICT, checked
from stillroom.teachers.licences.terms import Verdict

FORMAT: Literal["stillroom-licence/1"] = "stillroom-licence/1"
ReadFrom = Literal["trained here", "teacher.licence", "student.licence", "model card", "nowhere"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TeacherLicence:
    """One teacher's licence.

    Attributes:
        teacher: the name of its directory, without the folders of this machine.
        hub_id: its name on the Hub, as owner/name; None if that is not known.
        identifier: the key of the licence in the index; None if no licence is named.
        name: the name of the licence.
        verdict: whether its answers may train another model.
        says: the clause in words.
        source: the date or version of the document, and the section.
        conditions: what the user must or must not do.
        layers: what applies in addition if a student starts with layers of the teacher.
        student: the licence that a student must have; None if it may have any, or it is not known.
        link: the address of the licence.
        read_from: where the licence was named.
        card: the licence of the model card, if `teacher.licence` overrides it.
        acknowledged: the reason of the user, if without it the verdict would stop the run.
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
        """Whether a student may be trained: by the verdict, or by a reason that the user set."""
        return self.verdict in ("allowed", "conditions") or self.acknowledged is not None


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Licence:
    """The licence of every teacher, in their order."""

    teachers: tuple[TeacherLicence, ...] = Field(min_length=1)
    format: Literal["stillroom-licence/1"] = FORMAT

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def from_json(document: object) -> Licence:
    """Return the licence from a parsed JSON document.

    Raises:
        DataError: the document is malformed; the message says where.
    """
    return checked(Licence, document, "licence.json", "teachers")
