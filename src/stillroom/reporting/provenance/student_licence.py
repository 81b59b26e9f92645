"""Student's licence: the licence that its ancestors' licences require, and its conditions.

licences of the teachers ──────────────────┬──> StudentLicence(license, name, link), conditions
licence of the model that it starts from ──┘
"""

from dataclasses import dataclass

from stillroom.config.schema import FROM_TEACHER
from stillroom.teachers.licences.licence_document import Licence, TeacherLicence
from stillroom.teachers.licences.licence_index import WITHOUT_HUB_IDENTIFIER

FREE = (None, "own")  # no third party has a licence
OTHER = "other"


@dataclass(frozen=True, slots=True)
class StudentLicence:
    """A student's licence.

    Attributes:
        license: the Hub's identifier; `other` where the Hub has none.
        name: the name of the licence; only with `other`.
        link: the address of the licence; only with `other`.
        why: a sentence with the reason.
    """

    license: str
    name: str | None
    link: str | None
    why: str


def copied_licence(
    licence: Licence, architecture: str, start: TeacherLicence | None
) -> TeacherLicence | None:
    """Return the licence of the model that a student is a modified copy of; None for others.

    Args:
        licence: the licences of the teachers.
        architecture: the student's architecture, which may be layers of the first teacher.
        start: the licence of a pretrained model that it starts from.
    """
    return licence.teachers[0] if architecture == FROM_TEACHER else start


def student_licence(licence: Licence, copied: TeacherLicence | None) -> StudentLicence:
    """Return the licence of a student of these teachers.

    Args:
        licence: the licences of the teachers.
        copied: that of the model whose weights it starts with; see `copied_licence`.
    """
    ancestors = _ancestors(licence, copied)
    if any(one.verdict == "unknown" for one in ancestors):
        return _other(
            "not-known", "It is not known what the licence of an ancestor requires of a student."
        )
    required = {
        identifier: one
        for one in ancestors
        for identifier in [_required(one, licence, copied)]
        if identifier not in FREE
    }
    if not required:
        return _other(
            "not-chosen",
            "No licence of its ancestors requires a certain one for the student, and the student's "
            "owner has not chosen one yet.",
        )
    if len(required) > 1:
        return _other(
            "several", f"Its ancestors' licences require different ones: {', '.join(required)}."
        )
    ((identifier, ancestor),) = required.items()
    of = "its teacher" if ancestor in licence.teachers else "the model that it starts from"
    why = f"The licence of {of} requires this one."
    if identifier in WITHOUT_HUB_IDENTIFIER:
        return StudentLicence(OTHER, identifier, ancestor.link, why)
    return StudentLicence(str(identifier), None, None, why)


def conditions(licence: Licence, copied: TeacherLicence | None) -> tuple[str, ...]:
    """Return each condition once: those of answers, and those of a model that it is a copy of."""
    demands = [one for teacher in licence.teachers for one in teacher.conditions]
    demands += copied.layers if copied else ()
    return tuple(dict.fromkeys(demands))


def _ancestors(licence: Licence, copied: TeacherLicence | None) -> tuple[TeacherLicence, ...]:
    is_other = copied is not None and copied not in licence.teachers
    return (*licence.teachers, copied) if copied is not None and is_other else licence.teachers


def _required(one: TeacherLicence, licence: Licence, copied: TeacherLicence | None) -> str | None:
    """Return the licence that an ancestor's licence requires of the student."""
    of_answers = one.student if one in licence.teachers else None
    return of_answers or (one.identifier if one == copied else None)


def _other(name: str, why: str) -> StudentLicence:
    return StudentLicence(OTHER, name, None, why)
